/** Writes the types of the server's OpenAPI document; with `--check`, fails if they are out of date. */
import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const SOURCE = new URL("openapi.json", import.meta.url);
const TARGET = new URL("src/shared/api/schema.d.ts", import.meta.url);
const JSON_TYPE = "export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };";

const nodes = await openapiTS(SOURCE, {
  inject: JSON_TYPE,
  // JSON Schema has no name for "any JSON value"; the server marks it.
  transform: (schema) =>
    schema["x-type"] === "Json" ? ts.factory.createTypeReferenceNode("Json") : undefined,
});
const text = `/** Generated from openapi.json by schema.mjs. */\n\n${astToString(nodes)}`;
if (!process.argv.includes("--check")) writeFileSync(TARGET, text);
else if (readFileSync(TARGET, "utf8") !== text) throw new Error("schema.d.ts is stale: npm run schema");
