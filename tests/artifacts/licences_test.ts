import { assert, assertThrows } from "@std/assert";
import { isRestricted, requireLicences } from "../../pipeline/artifacts/licences.ts";
import { ArtifactError } from "../../pipeline/lib/base/files.ts";

Deno.test("licences that restrict the use of a model are told from those that do not", () => {
  const restricted = [
    "CC BY-NC 4.0",
    "CC-BY-NC-SA-3.0",
    "Non-Commercial",
    "noncommercial use only",
  ];
  restricted.push("research only", "for academic use", "unknown", "All rights reserved");
  for (const licence of restricted) assert(isRestricted(licence), licence);
  const free = [
    "CC BY 4.0",
    "CC0 1.0",
    "CC BY-SA 3.0",
    "public domain",
    "MIT",
    "ODC-By 1.0",
    "Apache-2.0",
  ];
  for (const licence of free) assert(!isRestricted(licence), licence);
});

Deno.test("a restricted licence is named, and accepted by whoever says so", () => {
  const licences = { web: "CC BY 4.0", cases: "CC BY-NC 4.0" };
  assertThrows(() => requireLicences(licences, false), ArtifactError, '"cases" (CC BY-NC 4.0)');
  requireLicences(licences, true);
  requireLicences({ web: "CC BY 4.0" }, false);
});
