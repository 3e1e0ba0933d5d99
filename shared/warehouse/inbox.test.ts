import { execFileSync } from "node:child_process";
import { link, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openInboxFile } from "./inbox.ts";

let home: string;
let inbox: string;
beforeAll(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), "muster-inbox-")));
  inbox = join(home, "inbox");
  await mkdir(join(inbox, "sub"), { recursive: true });
  await writeFile(join(inbox, "ok.csv"), "a\n1\n");
  await writeFile(join(inbox, "sub", "ok.csv"), "a\n1\n");
  await writeFile(join(inbox, "empty.csv"), "");
  await writeFile(join(home, "secret.csv"), "a\n1\n");
  await writeFile(join(inbox, "twice.csv"), "a\n1\n");
  await link(join(inbox, "twice.csv"), join(inbox, "twin.csv"));
  await symlink(join(home, "secret.csv"), join(inbox, "out.csv"));
  await symlink(join(inbox, "ok.csv"), join(inbox, "in.csv"));
  await symlink(home, join(inbox, "up"));
  await symlink(join(inbox, "sub"), join(inbox, "alias"));
  execFileSync("mkfifo", [join(inbox, "pipe.csv")]);
});
afterAll(() => rm(home, { recursive: true }));

describe("a path that a user named", () => {
  it("is opened when it is a plain file of the inbox, by name or by path", async () => {
    for (const path of ["ok.csv", "sub/ok.csv", join(inbox, "ok.csv")]) {
      const file = await openInboxFile(inbox, path, 100);
      expect(file).toMatchObject({ name: "ok.csv", bytes: 4 });
      await file.handle.close();
    }
  });

  it.each([
    ["NUL", "ok.csv\0", "denied"],
    ["the parent", "../secret.csv", "denied"],
    ["the parent in the middle", "sub/../ok.csv", "denied"],
    ["the parent with back slashes", "..\\secret.csv", "denied"],
    ["a system file", "/etc/passwd", "denied"],
    ["a process's files", "/proc/self/environ", "denied"],
    ["a link out of the inbox", "out.csv", "denied"],
    ["a link inside the inbox", "in.csv", "denied"],
    ["a linked folder out", "up/secret.csv", "denied"],
    ["a linked folder inside", "alias/ok.csv", "denied"],
    ["a file with two names", "twice.csv", "denied"],
    ["a folder", "sub", "denied"],
    ["the inbox itself", ".", "denied"],
    ["a named pipe", "pipe.csv", "denied"],
    ["nothing", "none.csv", "not_found"],
    ["an empty name", "", "denied"],
    ["an empty file", "empty.csv", "invalid_input"],
  ])("is refused when it is %s", async (_, path, code) => {
    await expect(openInboxFile(inbox, path, 100)).rejects.toMatchObject({ code });
  });

  it("is refused when it is too big", async () => {
    await expect(openInboxFile(inbox, "ok.csv", 3)).rejects.toMatchObject({
      code: "invalid_input",
      data: { limit: 3 },
    });
  });
});
