/** Compares a kernel's declaration with its WGSL text. Needs no GPU. */

import type { KernelDeclaration } from "./kernel.ts";

/** Every difference between declaration and text as one line; none for a sound kernel. */
export function declarationProblems(kernel: KernelDeclaration): string[] {
  const code = kernel.code.replaceAll(/\/\/.*$/gm, "");
  return [
    ...differences("binding", expectedBindings(kernel), bindingsOf(code)),
    ...differences("Params field", fields(kernel.params), paramsOf(code)),
    ...missingOverrides(kernel, code),
    ...realProblems(kernel, code),
    ...(/@compute\s[^{]*\bfn main\s*\(/.test(code) ? [] : ["no entry point main"]),
  ];
}

function expectedBindings({ params, bindings }: KernelDeclaration): string[] {
  const names = Object.keys(params).length > 0 ? ["uniform params"] : [];
  for (const [name, access] of Object.entries(bindings)) names.push(`${access} ${name}`);
  return names.map((name, index) => `${index} ${name}`);
}

/** `0 uniform params`, `1 read inp`, … as the text declares them. */
function bindingsOf(code: string): string[] {
  const pattern = /@group\((\d+)\)\s*@binding\((\d+)\)\s*var<([^>]*)>\s*(\w+)/g;
  return [...code.matchAll(pattern)].map(([, group, index, space, name]) => {
    const access = space.replace(/^storage\s*,?\s*/, "").trim() || "read";
    return `${group === "0" ? "" : `group ${group} `}${index} ${access} ${name}`;
  });
}

function paramsOf(code: string): string[] {
  const body = /struct Params\s*\{([^}]*)\}/.exec(code)?.[1] ?? "";
  return body.split(",").map((field) => field.replaceAll(/\s/g, "")).filter((field) => field);
}

const fields = (params: Record<string, string>) =>
  Object.entries(params).map(([name, type]) => `${name}:${type}`);

function differences(what: string, declared: string[], written: string[]): string[] {
  const problems: string[] = [];
  for (let index = 0; index < Math.max(declared.length, written.length); index++) {
    if (declared[index] === written[index]) continue;
    problems.push(
      `${what} declared "${declared[index] ?? "none"}", WGSL has "${written[index] ?? "none"}"`,
    );
  }
  return problems;
}

function realProblems({ reals = [] }: KernelDeclaration, code: string): string[] {
  const pattern = /var<storage[^>]*>\s*(\w+)\s*:\s*array<(?:vec4<)?real>/g;
  const written = [...code.matchAll(pattern)].map(([, name]) => name);
  return [
    ...reals.filter((name) => !written.includes(name))
      .map((name) => `${name} is declared real, WGSL has another type`),
    ...written.filter((name) => !reals.includes(name))
      .map((name) => `${name} is not declared real, WGSL says it is`),
  ];
}

function missingOverrides({ overrides = [] }: KernelDeclaration, code: string): string[] {
  return overrides
    .filter((name) => !new RegExp(`override\\s+${name}\\s*:`).test(code))
    .map((name) => `override ${name} is declared, WGSL has none of that name`);
}
