/** `GET /docs`: the API description as a page that loads nothing from anywhere. */

import { html, raw } from "hono/html";

/** The parts of an OpenAPI 3.1 document that are shown. */
interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  description?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  items?: Schema;
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
}

interface Operation {
  summary?: string;
  description?: string;
  requestBody?: { content: Record<string, { schema?: Schema }> };
  responses: Record<string, { description: string; content?: Record<string, { schema?: Schema }> }>;
}

export interface OpenApiDocument {
  info: { title: string; version: string; description?: string };
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
}

const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; border-top: 1px solid; padding-top: 1rem; }
code { font-size: 0.95em; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.8rem 0.3rem 0; }
th { font-weight: 600; }`;

/** The page; `nonce` lets its style through the Content-Security-Policy. */
export function docsPage(document: OpenApiDocument, nonce: string) {
  const { info, paths, components } = document;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationPart(method, path, operation))
  );
  const schemas = Object.entries(components?.schemas ?? {}).map(([name, schema]) =>
    html`<h3 id="${name}">${name}</h3>${propertyTable(schema)}`
  );
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <title>${info.title}</title>
        <meta name="viewport" content="width=device-width">
        <style nonce="${nonce}">${raw(style)}</style>
      </head>
      <body><h1>${info.title}</h1><p>${info.description ?? ""}</p>
    <p>As JSON: <a href="/openapi.json">/openapi.json</a></p>
    ${operations}<h2>Schemas</h2>${schemas}</body>
    </html>
  `;
}

function operationPart(method: string, path: string, operation: Operation) {
  const body = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
  const responses = Object.entries(operation.responses).map(
    ([status, { description, content }]) => {
      const kinds = Object.entries(content ?? {}).map(([type, { schema }]) =>
        html`<br><code>${type}</code> ${schema ? typeOf(schema) : ""}`
      );
      return html`
        <tr>
          <td>${status}</td>
          <td>${description}${kinds}</td>
        </tr>
      `;
    },
  );
  return html`<h2><code>${method.toUpperCase()} ${path}</code></h2>
<p>${operation.summary ?? ""}</p><p>${operation.description ?? ""}</p>
${body ? html`<p>Body: ${typeOf(body)}</p>` : ""}
<table><tr><th>Status</th><th>Answer</th></tr>${responses}</table>`;
}

function propertyTable({ properties = {}, required = [] }: Schema) {
  const rows = Object.entries(properties).map(([name, schema]) =>
    html`
      <tr>
        <td><code>${name}</code>${required.includes(name) ? " (required)" : ""}</td>
        <td>${typeOf(schema)}</td>
        <td>${schema.description ?? ""} ${limitsOf(schema)}</td>
      </tr>
    `
  );
  return html`<table><tr><th>Field</th><th>Type</th><th>Meaning</th></tr>${rows}</table>`;
}

// deno-lint-ignore no-explicit-any
function typeOf(schema: Schema): any {
  if (schema.$ref) {
    const name = schema.$ref.split("/").at(-1)!;
    return html`<a href="#${name}">${name}</a>`;
  }
  if (schema.enum) return schema.enum.map(String).join(" | ");
  if (schema.anyOf) {
    return schema.anyOf.map((part, i) => html`${i > 0 ? " or " : ""}${typeOf(part)}`);
  }
  if (schema.items) return html`list of ${typeOf(schema.items)}`;
  return [schema.type ?? "any"].flat().join(" or ");
}

function limitsOf({ default: preset, minimum, maximum, maxLength }: Schema): string {
  const limits: string[] = [];
  if (minimum !== undefined) limits.push(`at least ${minimum}`);
  if (maximum !== undefined) limits.push(`at most ${maximum}`);
  if (maxLength !== undefined) limits.push(`at most ${maxLength} characters`);
  if (preset !== undefined) limits.push(`default ${JSON.stringify(preset)}`);
  return limits.length === 0 ? "" : `(${limits.join(", ")})`;
}
