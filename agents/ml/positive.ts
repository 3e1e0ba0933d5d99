export { positiveOf } from "@muster/shared/features/label-rule.ts";
