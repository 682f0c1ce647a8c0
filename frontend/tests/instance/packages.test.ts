import { expect, test } from "vitest";

import { normalName, packageRows, splitPin } from "@/features/instance/packages";
import { folderOf } from "@/ui/paths";
import { lengthOf, stretchesOf } from "@/features/instance/stretches";
import type { ConstraintReport, EnvironmentReport } from "@/transport/contract.generated";

const made: ConstraintReport = {
  tag: "v1",
  packages_as_of: null,
  protected: ["torch==2.13.0+cpu"],
  overrides: [],
  packages: ["numpy==2.1", "Typing_Extensions==4.12", "torch==2.13.0+cpu"],
};

function check(more: Partial<EnvironmentReport>): EnvironmentReport {
  return { tag: "v1", python: "3.12", packages: [], problems: [], missing: [], changed: [], sound: true, ...more };
}

test("a pin is a name and a version, also with extras or a place", () => {
  expect(splitPin("torch==2.13.0+cpu")).toEqual(["torch", "2.13.0+cpu"]);
  expect(splitPin("uvicorn[standard]==0.3")).toEqual(["uvicorn[standard]", "0.3"]);
  expect(splitPin("pkg @ file:///x.whl")).toEqual(["pkg", "file:///x.whl"]);
  expect(splitPin("numpy 2.2 (was 2.1)")[0]).toBe("numpy");
});

test("names are compared as Python compares them", () => {
  expect(normalName("Typing_Extensions")).toBe(normalName("typing-extensions"));
});

test("without a look at it, the environment is what was installed", () => {
  const rows = packageRows(made, undefined);
  expect(rows.map(({ name, version }) => [name, version])).toEqual([
    ["numpy", "2.1"],
    ["torch", "2.13.0+cpu"],
    ["Typing_Extensions", "4.12"],
  ]);
  expect(rows.find(({ name }) => name === "torch")?.isProtected).toBe(true);
});

test("what is missing and what was changed comes first, with what it should be", () => {
  const found = check({
    packages: [
      { name: "torch", version: "2.13.0+cpu" },
      { name: "numpy", version: "2.2" },
      { name: "extra", version: "1" },
    ],
    missing: ["typing-extensions"],
    changed: ["numpy 2.2 (was 2.1)"],
    sound: false,
  });
  expect(packageRows(made, found).map(({ name, version, wanted, state }) => [name, version, wanted, state])).toEqual([
    ["typing-extensions", "", "4.12", "missing"],
    ["numpy", "2.2", "2.1", "changed"],
    ["extra", "1", null, "added"],
    ["torch", "2.13.0+cpu", null, "as installed"],
  ]);
});

test("the folder of a file is found on either kind of system", () => {
  expect(folderOf("/home/ada/logs/x.log")).toBe("/home/ada/logs");
  expect(folderOf("C:\\logs\\x.log")).toBe("C:\\logs");
});

test("a start is told as stretches, each up to what was reached", () => {
  const heard = [
    { step: "prepare", detail: null, at: 0.1 },
    { step: "ready", detail: null, at: 0.3 },
    { step: "ready", detail: "torch is loaded", at: 2 },
  ];
  expect(stretchesOf(heard, 5)).toEqual([
    { title: "Prepare", from: 0.1, to: 0.3 },
    { title: "Until torch is loaded", from: 0.3, to: 2 },
    { title: "Until it answers", from: 2, to: 5 },
  ]);
  expect(stretchesOf(heard, null).at(-1)?.to).toBeNull();
  expect(lengthOf(stretchesOf(heard, null), 7)).toBe(7);
});
