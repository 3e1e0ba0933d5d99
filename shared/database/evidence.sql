-- The schema every process shares: what was found, allowed and done, and by whom.
-- Everybody reads; nobody writes but through the functions below, which stamp the session's role.
create schema if not exists evidence;

create table evidence.process (role name primary key, process text not null unique);
create table evidence.giver (fact text not null, process text not null, primary key (fact, process));

create table evidence.receipt (
  id text primary key,
  fact text not null,
  about jsonb not null,
  subject text not null,
  value jsonb not null,
  verdict text not null check (verdict in ('passed', 'failed')),
  by text not null,
  request text,
  person text,
  uses text[] not null,
  at timestamptz not null,
  expires timestamptz,
  document text not null,
  signature text not null,
  seq bigint generated always as identity
);
create index receipt_fact_about on evidence.receipt using gin (about jsonb_path_ops);
create index receipt_fact on evidence.receipt (fact, seq desc);
create index receipt_request on evidence.receipt (request);

create table evidence.revocation (receipt text primary key references evidence.receipt, by text not null, reason text not null, at timestamptz not null default clock_timestamp());
create table evidence.consumption (receipt text primary key references evidence.receipt, key text not null, by text not null, at timestamptz not null default clock_timestamp());

create table evidence.lease (key text primary key, tool text not null, owner text not null, epoch bigint not null, until timestamptz not null);
create table evidence.result (key text primary key, tool text not null, input_hash text not null, outcome jsonb not null, by text not null, at timestamptz not null default clock_timestamp());
create table evidence.job (key text primary key, process text not null, tool text not null, message jsonb not null, request text, cancelled boolean not null default false, at timestamptz not null default clock_timestamp());

create table evidence.outbox (seq bigint generated always as identity primary key, event text not null, payload jsonb not null, by text not null, xid xid8 not null default pg_current_xact_id(), at timestamptz not null default clock_timestamp());
create table evidence.audit_event (id text primary key, what text not null, subject text not null, person text, request text, step text, data jsonb not null, receipts text[] not null, by text not null, at timestamptz not null, xid xid8 not null default pg_current_xact_id(), seq bigint generated always as identity);
-- Both are read on in commit order, several times a second.
create index outbox_order on evidence.outbox (xid, seq);
create index audit_event_order on evidence.audit_event (xid, seq);
create index audit_event_request on evidence.audit_event (request);
create table evidence.artifact (hash text primary key, media text not null, bytes bytea not null, by text not null, at timestamptz not null default clock_timestamp());

create function evidence.me() returns text language sql stable security definer set search_path = evidence, pg_temp as
  $$ select process from evidence.process where role = session_user $$;

create function evidence.give(r jsonb, document text, signature text) returns void language plpgsql security definer set search_path = evidence, pg_temp as $$
declare who text := evidence.me();
begin
  if who is null then raise exception 'role % is no process of the swarm', session_user using errcode = '42501'; end if;
  if not exists (select 1 from evidence.giver g where g.fact = r->>'fact' and g.process = who) then
    raise exception '% may not give %', who, r->>'fact' using errcode = '42501';
  end if;
  if r->>'by' is distinct from who then raise exception 'a receipt bears the name of its giver' using errcode = '42501'; end if;
  insert into evidence.receipt (id, fact, about, subject, value, verdict, by, request, person, uses, at, expires, document, signature)
  values (r->>'id', r->>'fact', r->'about', r->>'subject', r->'value', r->>'verdict', who, r->>'request', r->>'person',
    array(select jsonb_array_elements_text(r->'uses')), (r->>'at')::timestamptz, (r->>'expires')::timestamptz, document, signature);
end $$;

-- Whoever may give a fact may take it back; governance may for erasure and retention.
create function evidence.revoke(r text, why text) returns void language plpgsql security definer set search_path = evidence, pg_temp as $$
declare who text := evidence.me();
begin
  if who is distinct from 'governance' and not exists (select 1 from evidence.giver g join evidence.receipt x on x.fact = g.fact where x.id = r and g.process = who) then
    raise exception '% may not revoke %', who, r using errcode = '42501';
  end if;
  insert into evidence.revocation (receipt, by, reason) values (r, who, why) on conflict do nothing;
end $$;

-- True where the receipt is (now or already) used up by exactly this key.
create function evidence.consume(r text, k text) returns boolean language plpgsql security definer set search_path = evidence, pg_temp as $$
begin
  insert into evidence.consumption (receipt, key, by) values (r, k, evidence.me()) on conflict do nothing;
  return (select c.key = k from evidence.consumption c where c.receipt = r);
end $$;

-- The epoch of the caller's lease, or null where another holds it. A new epoch fences the old owner off.
create function evidence.take_lease(k text, t text, owner_id text, seconds double precision) returns bigint language plpgsql security definer set search_path = evidence, pg_temp as $$
declare e bigint;
begin
  insert into evidence.lease as l (key, tool, owner, epoch, until) values (k, t, owner_id, 1, clock_timestamp() + make_interval(secs => seconds))
  on conflict (key) do update set owner = excluded.owner, epoch = l.epoch + 1, until = excluded.until where l.until < clock_timestamp() or l.owner = excluded.owner
  returning l.epoch into e;
  return e;
end $$;
create function evidence.renew_lease(k text, owner_id text, e bigint, seconds double precision) returns boolean language sql security definer set search_path = evidence, pg_temp as
  $$ with u as (update evidence.lease set until = clock_timestamp() + make_interval(secs => seconds) where key = k and owner = owner_id and epoch = e returning 1) select exists (select 1 from u) $$;
create function evidence.release_lease(k text, owner_id text, e bigint) returns void language sql security definer set search_path = evidence, pg_temp as
  $$ update evidence.lease set until = '-infinity' where key = k and owner = owner_id and epoch = e $$;
-- Locks the lease for the rest of the transaction; false where a newer epoch has taken over.
create function evidence.hold_lease(k text, owner_id text, e bigint) returns boolean language plpgsql security definer set search_path = evidence, pg_temp as $$
begin
  perform 1 from evidence.lease where key = k and owner = owner_id and epoch = e for update;
  return found;
end $$;

create function evidence.store_result(k text, t text, h text, o jsonb) returns void language sql security definer set search_path = evidence, pg_temp as
  $$ insert into evidence.result (key, tool, input_hash, outcome, by) values (k, t, h, o, evidence.me()) on conflict (key) do nothing $$;
create function evidence.enqueue(k text, t text, m jsonb, req text, proc text) returns void language sql security definer set search_path = evidence, pg_temp as
  $$ insert into evidence.job (key, process, tool, message, request) values (k, proc, t, m, req) on conflict (key) do nothing $$;
create function evidence.cancel_jobs(req text) returns void language sql security definer set search_path = evidence, pg_temp as
  $$ update evidence.job set cancelled = true where request = req $$;
create function evidence.emit(e text, p jsonb) returns void language sql security definer set search_path = evidence, pg_temp as
  $$ insert into evidence.outbox (event, payload, by) values (e, p, evidence.me()) $$;
create function evidence.put_artifact(h text, m text, b bytea) returns void language plpgsql security definer set search_path = evidence, pg_temp as $$
begin
  if encode(sha256(b), 'hex') <> h then raise exception 'the artifact has another hash' using errcode = '22023'; end if;
  insert into evidence.artifact (hash, media, bytes, by) values (h, m, b, evidence.me()) on conflict do nothing;
end $$;
create function evidence.audit(a jsonb) returns void language sql security definer set search_path = evidence, pg_temp as $$
  insert into evidence.audit_event (id, what, subject, person, request, step, data, receipts, by, at)
  values (a->>'id', a->>'what', a->>'subject', a->>'person', a->>'request', a->>'step', a->'data',
    array(select jsonb_array_elements_text(a->'receipts')), evidence.me(), (a->>'at')::timestamptz) $$;

-- Insert-only, whoever asks: grants and trigger.
create function evidence.never() returns trigger language plpgsql as $$ begin raise exception '% is insert-only', tg_table_name using errcode = '42501'; end $$;
create trigger receipt_insert_only before update or delete or truncate on evidence.receipt execute function evidence.never();
create trigger audit_insert_only before update or delete or truncate on evidence.audit_event execute function evidence.never();
create trigger artifact_insert_only before update on evidence.artifact execute function evidence.never();

revoke execute on all functions in schema evidence from public;
