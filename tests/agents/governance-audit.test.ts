import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newId } from "@muster/bus/evidence.ts";
import type { Process } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import { type GovernanceDeps, governance } from "@muster/governance/index.ts";
import { until } from "@muster/infra/until.ts";
import { openPool } from "@muster/shared/database/open.ts";
import type { ChainVerdict } from "@muster/shared/domain/audit-event.ts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Bench, startBench } from "../support/process.ts";
import { accept, askFrom } from "../support/signing.ts";

describe("the sealed audit on real servers", () => {
  let bench: Bench;
  let [door, own, ml] = [] as unknown as Process[];
  let deps: GovernanceDeps;
  let admin: ReturnType<typeof openPool>;
  let anchors: string;
  let anchored: string;
  const stops: (() => Promise<void>)[] = [];

  /** A superuser's connection with the triggers of a table off: whoever may do this can change anything. */
  async function asSuperuser(sql: string): Promise<void> {
    const client = await admin.connect();
    try {
      await client.query("begin; alter table evidence.audit_event disable trigger all");
      await client.query(sql);
      await client.query("alter table evidence.audit_event enable trigger all; commit");
    } finally {
      client.release();
    }
  }
  const event = (by: Process, n: number) =>
    by.evidence.store.audit(by.evidence.store.db, {
      ...{
        id: newId("aud"),
        at: new Date(1_760_000_000_000 + n).toISOString(),
        what: "ml.train_model",
        subject: `s${n}`,
      },
      ...{ person: "ada", request: `req_${n % 3}`, step: null, data: { n, share: 0.25 }, receipts: [`rcp_${n}`] },
    });
  const verify = async () =>
    (await askFrom(door!, { tool: "governance.verify_audit" })).output as ChainVerdict & { verdict: string };
  /** Seals until nothing is left: events count once no running transaction can precede them. */
  const sealAll = () =>
    until(async () => {
      await deps.sealer.seal();
      if ((await verify()).unsealed > 0) throw new Error("a tail is left");
    }, AbortSignal.timeout(10_000));

  beforeAll(async () => {
    bench = await startBench([
      { name: "gateway", kind: "door", of: "gateway", file: "" },
      ...["governance", "ml"].map((name) => ({ name, kind: "agent" as const, of: name, file: "" })),
    ]);
    door = await bench.process("gateway");
    own = await bench.process("governance");
    ml = await bench.process("ml");
    const opened = await governance.open(own);
    deps = opened.deps as GovernanceDeps;
    stops.push(await serve({ process: own, agent: governance, opened }, null));
    admin = openPool({ url: bench.databaseUrl, schema: "evidence" });
    anchors = join(bench.home, "audit", "anchors.jsonl");
    for (let n = 0; n < 10; n++) await event(ml, n);
    await sealAll();
    for (let n = 10; n < 20; n++) await event(ml, n);
    await sealAll();
    anchored = readFileSync(anchors, "utf8");
    await asSuperuser(
      "create table public.kept_event as table evidence.audit_event; create table public.kept_chain as table governance.chain",
    );
  });
  afterEach(async () => {
    writeFileSync(anchors, anchored);
    await asSuperuser(
      `truncate evidence.audit_event, governance.chain; insert into evidence.audit_event overriding system value table public.kept_event;
       insert into governance.chain table public.kept_chain`,
    );
    expect(await verify()).toMatchObject({ ok: true, events: 20 });
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
    await admin?.end();
    await bench?.stop();
  });

  const at = (seq: number) => `id = (select event from governance.chain where seq = ${seq})`;

  test("holds as it was sealed, with its head outside the database", async () => {
    const { head, ...verdict } = await verify();
    expect(verdict).toMatchObject({ ok: true, events: 20, unsealed: 0, firstBad: null });
    const lines = readFileSync(anchors, "utf8").trim().split("\n");
    expect(JSON.parse(lines.at(-1)!)).toMatchObject(head);
    expect(lines.length).toBeGreaterThan(1);
  });

  test.each([
    ["one character of what happened", "what = 'ml.train_modem'"],
    ["one character of the data", 'data = \'{"n": 6, "share": 0.26}\''],
    ["a digit beyond what a double holds", 'data = \'{"n": 6, "share": 0.25000000000000000000001}\''],
    ["a microsecond", "at = at + interval '1 microsecond'"],
    ["the person", "person = 'eve'"],
    ["a person taken out", "person = null"],
    ["the process", "by = 'cost'"],
    ["a receipt", "receipts = array['rcp_7']"],
    ["the request", "request = 'req_9'"],
    ["its place in commit order", "seq = seq + 1000"],
    ["its transaction", "xid = '1'"],
  ])("finds %s changed, and where", async (_, change) => {
    await asSuperuser(`alter table evidence.audit_event alter column seq drop identity if exists; 
      update evidence.audit_event set ${change} where ${at(7)};
      alter table evidence.audit_event alter column seq add generated always as identity (start 100000)`);
    expect(await verify()).toMatchObject({ ok: false, firstBad: 7 });
  });

  test.each([
    ["an event deleted", `delete from evidence.audit_event where ${at(7)}`, 7],
    [
      "an event deleted with its entry",
      `delete from evidence.audit_event where ${at(7)}; delete from governance.chain where seq = 7`,
      7,
    ],
    [
      "an event put in among the others",
      `insert into evidence.audit_event overriding system value select 'aud_forged', what, subject, person, request, step, data, receipts, by, at, xid, seq - 1
       from (select e.* from evidence.audit_event e where ${at(7)}) x where not exists (select 1 from evidence.audit_event y where y.xid = x.xid and y.seq = x.seq - 1)`,
      7,
    ],
    [
      "two entries that changed places",
      `create temp table two on commit drop as select seq, event from governance.chain where seq in (7, 8); delete from governance.chain where seq in (7, 8);
       insert into governance.chain select k.seq, t.event, k.hash, k.prev, k.xid, k.place from public.kept_chain k join two t on t.seq = 15 - k.seq`,
      7,
    ],
    [
      "a tail cut off",
      "delete from evidence.audit_event e using governance.chain c where c.event = e.id and c.seq > 15; delete from governance.chain where seq > 15",
      16,
    ],
    ["entries cut off before the last anchor", "delete from governance.chain where seq > 9", 10],
  ])("finds %s", async (_, sql, firstBad) => {
    await asSuperuser(sql);
    expect(await verify()).toMatchObject({ ok: false, firstBad });
  });

  test("entries cut off are sealed again as they were, since the events stand; a cut tail that is sealed over stays found", async () => {
    await asSuperuser("delete from governance.chain where seq > 9");
    await sealAll();
    expect(await verify()).toMatchObject({ ok: true, events: 20 });
    await asSuperuser(
      "delete from evidence.audit_event e using governance.chain c where c.event = e.id and c.seq > 15; delete from governance.chain where seq > 15",
    );
    for (let n = 50; n < 60; n++) await event(ml!, n);
    await until(async () => {
      if ((await deps.sealer.seal()) === 0) throw new Error("nothing sealed yet");
    }, AbortSignal.timeout(10_000));
    expect(await verify()).toMatchObject({ ok: false, firstBad: 20 });
  });

  test("finds anchors changed, unreadable or gone", async () => {
    const { hash } = JSON.parse(anchored.split("\n")[0]!);
    const flipped = hash.replace(/^./, (digit: string) => (digit === "0" ? "1" : "0"));
    writeFileSync(anchors, anchored.replace(hash, flipped));
    expect(await verify()).toMatchObject({ ok: false, reason: expect.stringMatching(/not the one that was anchored/) });
    writeFileSync(anchors, `${anchored}nonsense\n`);
    expect(await verify()).toMatchObject({ ok: false, reason: expect.stringMatching(/anchors can't be read/) });
    rmSync(anchors);
    expect(await verify()).toMatchObject({ ok: false, reason: expect.stringMatching(/gone/) });
    // A crash in mid-write is no tampering: the next start cuts the half line off.
    writeFileSync(anchors, `${anchored}{"seq": 2`);
    await governance.open(own!);
    expect(await verify()).toMatchObject({ ok: true });
  });

  test("tells the unsealed tail apart, and an event of a transaction still running isn't sealed over", async () => {
    const client = await own!.pool.connect();
    try {
      // Commits after the next event, but has its place before it.
      await client.query("begin; select pg_current_xact_id()");
      await event(ml!, 30);
      expect(await deps.sealer.seal()).toBe(0);
      expect(await verify()).toMatchObject({ ok: true, events: 20, unsealed: 1 });
      const late = {
        id: newId("aud"),
        at: new Date().toISOString(),
        what: "ml.late",
        subject: "s",
        data: {},
        receipts: [],
      };
      await client.query("select evidence.audit($1::jsonb)", [JSON.stringify(late)]);
      await client.query("commit");
      await sealAll();
      expect(await verify()).toMatchObject({ ok: true, events: 22, unsealed: 0 });
      const { rows } = await own!.pool.query(
        "select e.what from governance.chain c join evidence.audit_event e on e.id = c.event where c.seq > 20 order by c.seq",
      );
      expect(rows.map((row) => row.what)).toEqual(["ml.late", "ml.train_model"]);
    } finally {
      client.release();
    }
  });

  test("two who seal at once make one chain, and what a running agent commits is sealed by itself", async () => {
    const second = (await governance.open(own!)) as {
      deps: object;
      started: () => Promise<void>;
      close: () => Promise<void>;
    };
    const sealers = [deps.sealer, (second.deps as GovernanceDeps).sealer];
    for (let n = 100; n < 120; n++) {
      await event(ml!, n);
      await Promise.all(sealers.map((sealer) => sealer.seal()));
    }
    await second.started();
    const request = "req_trail";
    const approval = { what: "something", why: "a test", role: "asker" };
    const receipts = [await accept(door!, request)];
    for (let n = 0; n < 5; n++)
      await askFrom(door!, { tool: "governance.request_approval", input: approval, receipts, request });
    await until(async () => {
      await deps.sealer.seal();
      const { events } = (
        await askFrom(door!, {
          tool: "governance.get_audit_trail",
          input: { request, what: "governance.request_approval" },
        })
      ).output as { events: { seq: number | null }[] };
      if (events.length !== 5 || events.some(({ seq }) => seq === null)) throw new Error("not sealed yet");
    }, AbortSignal.timeout(10_000));
    await second.close();
    expect(await verify()).toMatchObject({ ok: true, events: 45 });
    await expect(askFrom(door!, { tool: "governance.get_audit_trail", input: { limit: 0 } })).rejects.toMatchObject({
      code: "invalid_input",
    });
    await expect(askFrom(door!, { tool: "governance.verify_audit", input: { deep: true } })).rejects.toMatchObject({
      code: "invalid_input",
    });
  });

  test("nobody but a superuser changes an event, not even governance", async () => {
    for (const process of [own!, ml!, door!])
      for (const sql of ["update evidence.audit_event set what = ''", "delete from evidence.audit_event"])
        await expect(process.pool.query(sql)).rejects.toThrow(/permission denied/);
    await expect(ml!.pool.query("delete from governance.chain")).rejects.toThrow(/permission denied/);
    await expect(admin.query("delete from evidence.audit_event")).rejects.toThrow(/insert-only/);
  });
});
