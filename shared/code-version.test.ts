import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { codeVersion } from "./code-version.ts";

const commit = "1234567890abcdef1234567890abcdef12345678";
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "muster-code-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (path: string, content: string) => {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), content);
};

test("a checkout's branch, packed or not, names the commit; a bare head does so itself", () => {
  put("package.json", `{"version": "1.2.3"}`);
  expect(codeVersion(folder)).toEqual({ version: "1.2.3", commit: null });
  put(".git/HEAD", "ref: refs/heads/main\n");
  expect(codeVersion(folder).commit).toBeNull();
  put(".git/packed-refs", `# pack-refs\n${"9".repeat(40)} refs/heads/domain\n${commit} refs/heads/main\n`);
  expect(codeVersion(folder)).toEqual({ version: "1.2.3", commit });
  put(".git/refs/heads/main", `${"a".repeat(40)}\n`);
  expect(codeVersion(folder).commit).toBe("a".repeat(40));
  put(".git/HEAD", `${commit}\n`);
  expect(codeVersion(folder).commit).toBe(commit);
});

test("a worktree is read through the repository that it belongs to", () => {
  put("main/.git/refs/heads/feature", `${commit}\n`);
  put("main/.git/worktrees/tree/HEAD", "ref: refs/heads/feature\n");
  put("main/.git/worktrees/tree/commondir", "../..\n");
  put("tree/.git", "gitdir: ../main/.git/worktrees/tree\n");
  put("tree/package.json", `{"version": "2.0.0"}`);
  expect(codeVersion(join(folder, "tree"))).toEqual({ version: "2.0.0", commit });
});
