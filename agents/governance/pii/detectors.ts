import type { Detector } from "./detector.ts";
import { birthDate } from "./detectors/birth-date.ts";
import { card } from "./detectors/card.ts";
import { cardExpiry } from "./detectors/card-expiry.ts";
import { cardSecurityCode } from "./detectors/card-security-code.ts";
import { city } from "./detectors/city.ts";
import { deviceId } from "./detectors/device-id.ts";
import { email } from "./detectors/email.ts";
import { iban } from "./detectors/iban.ts";
import { ip } from "./detectors/ip.ts";
import { key } from "./detectors/key.ts";
import { location } from "./detectors/location.ts";
import { nationalId } from "./detectors/national-id.ts";
import { password } from "./detectors/password.ts";
import { personName } from "./detectors/person-name.ts";
import { phone } from "./detectors/phone.ts";
import { postalCode } from "./detectors/postal-code.ts";
import { protectedAttribute } from "./detectors/protected.ts";
import { streetAddress } from "./detectors/street-address.ts";
import { username } from "./detectors/username.ts";
import { vehicle } from "./detectors/vehicle.ts";

/** Every detector; where two formats fit equally many values the earlier, stricter one names the column. */
export const detectors: readonly Detector[] = [
  email,
  iban,
  card,
  ip,
  deviceId,
  vehicle,
  nationalId,
  phone,
  password,
  postalCode,
  streetAddress,
  personName,
  username,
  cardSecurityCode,
  cardExpiry,
  birthDate,
  city,
  location,
  protectedAttribute,
  key,
];
