import validator from "validator";
import type { Detector } from "../detector.ts";

/** E-mail addresses: by RFC 5321's shape. */
export const email: Detector = {
  kind: "email",
  identifier: "direct",
  says: "e-mail addresses",
  names: [
    "メール",
    "邮箱",
    "电子邮件",
    "이메일",
    "почта",
    "email",
    "e mail",
    "mail",
    "email address",
    "mail address",
    "correo",
    "correo electronico",
    "courriel",
  ],
  not: ["domain", "chimp", "direct", "room", "box", "class", "template"],
  fits: ({ type }) => type === "text",
  value: (value) => value.includes("@") && validator.isEmail(value.trim()),
  types: ["text"],
  share: 0.5,
  atMostDistinct: null,
  notValues: [],
  besidePerson: false,
};
