/** The part of `validator` that is used here; the package ships no types. */
declare module "validator" {
  const validator: {
    isEmail(text: string): boolean;
    isIBAN(text: string): boolean;
    isIP(text: string): boolean;
    isMACAddress(text: string): boolean;
    isLatLong(text: string): boolean;
    isLuhnNumber(text: string): boolean;
    isCreditCard(text: string): boolean;
    isISBN(text: string): boolean;
    isIdentityCard(text: string, locale: string): boolean;
    isTaxID(text: string, locale: string): boolean;
    isPostalCode(text: string, locale: string): boolean;
  };
  export default validator;
}
