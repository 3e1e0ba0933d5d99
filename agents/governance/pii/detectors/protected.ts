import type { Detector } from "../detector.ts";

/**
 * Protected attributes (sex, age, origin, belief, family, health; the list of the EU's Charter, article 21, and the
 * US ECOA): no personal data by themselves, but what a fairness check compares.
 */
export const protectedAttribute: Detector = {
  kind: "protected",
  identifier: null,
  says: "protected attributes",
  names: [
    ..."性別|性别|国籍|성별|пол".split("|"),
    ..."gender|sex|sexe|sexo|genero|sesso|geschlecht|geslacht|genre|plec|sexual orientation|race|ethnicity".split("|"),
    ..."ethnic group|ethnic|skin color|religion|faith|nationality|citizenship|national origin|foreign worker".split(
      "|",
    ),
    ..."staatsangehorigkeit|nationalite|nacionalidad|marital|marital status|familienstand|disability|disabled".split(
      "|",
    ),
    ..."pregnant|veteran|political party|trade union|=age|senior citizen|customer age|age years|=alter|=edad".split(
      "|",
    ),
    ..."=idade|=eta|=leeftijd|personal status and sex".split("|"),
  ],
  not: ["car", "product", "horse"],
  fits: () => true,
  value: (value) =>
    /\b(male|female|man|woman|m|f|mr|mrs|ms|miss|mx|dr|prof|mannlich|männlich|weiblich|herr|frau|homme|femme|hombre|mujer|uomo|donna|masculino|feminino|femenino)\b/i.test(
      value,
    ) && value.length <= 30,
  types: ["text"],
  share: 0.8,
  atMostDistinct: 20,
  notValues: [],
  besidePerson: false,
};
