/**
 * Return the value of a key that a record itself has. Records are indexed by names that users choose, and
 * `record[name]` also finds what every object inherits: "constructor", "toString", "__proto__".
 */
export function ownValue<Value>(
  record: Readonly<Record<string, Value>> | null | undefined,
  key: string | null | undefined,
): Value | undefined {
  return record && key != null && Object.hasOwn(record, key) ? record[key] : undefined;
}
