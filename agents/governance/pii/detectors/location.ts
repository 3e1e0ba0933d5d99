import validator from "validator";
import { shareOf } from "../column-sample.ts";
import type { Detector } from "../detector.ts";

/** Coordinates: a place finer than a house. Of a sensor a measure; beside what identifies a person, where they are. */
export const location: Detector = {
  kind: "location",
  identifier: "quasi",
  says: "coordinates of persons",
  names: [
    ..."latitude|longitude|=lat|=lon|=lng|=long|home lat|home lon|home lng|geo lat|geo lon|geo lng|gps lat|gps lon".split(
      "|",
    ),
    ..."gps|geolocation|geo location|geo point|coordinates|latlong|lat long|lat lng|breitengrad|langengrad".split("|"),
    ..."latitud|longitud|緯度|経度|纬度|经度".split("|"),
  ],
  not: ["store", "shop", "warehouse", "station", "site", "sensor"],
  fits: ({ values }) =>
    shareOf(values, (v) => Math.abs(Number(v)) <= 180 || /^[\s(]*-?\d{1,3}[.,]\d+[\s,;]+-?\d{1,3}[.,]\d+/.test(v)) >=
    0.9,
  value: (value) =>
    /^\(?-?\d{1,3}\.\d{3,}\s*,\s*-?\d{1,3}\.\d{3,}\)?$/.test(value.trim()) && validator.isLatLong(value.trim()),
  types: ["text"],
  share: 0.8,
  atMostDistinct: null,
  notValues: [],
  besidePerson: true,
};
