import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { ReleaseList } from "@/features/versions/release-list";
import { rowsOf } from "@/features/versions/releases";

import { FakeTransport } from "../fake-transport";
import { release } from "../samples";
import { shown } from "../shown";

function rows(count: number) {
  const releases = Array.from({ length: count }, (_, index) => release(`v1.${count - index}`, null));
  return rowsOf(releases, [], [], { search: "", prereleases: true });
}

test("a hundred releases are all drawn", () => {
  shown(<ReleaseList rows={rows(100)} />, new FakeTransport());
  expect(screen.getAllByRole("listitem")).toHaveLength(100);
});

test("of a thousand only those in sight are drawn, in a list of their full height", () => {
  shown(
    <div style={{ height: 600, overflowY: "auto" }}>
      <div>
        <ReleaseList rows={rows(1000)} />
      </div>
    </div>,
    new FakeTransport(),
  );
  expect(screen.queryAllByRole("listitem").length).toBeLessThan(100);
  const { paddingTop, paddingBottom } = screen.getByRole("list").style;
  expect(Number.parseFloat(paddingTop) + Number.parseFloat(paddingBottom)).toBeGreaterThan(30_000);
});
