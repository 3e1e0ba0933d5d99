-- Taking away artifacts that nothing names: run at every start, repeating it changes nothing.

-- Content that comes again is young again: who has just stored it may be about to name it. Nothing else of it ever changes.
create or replace function evidence.only_younger() returns trigger language plpgsql as $$
begin
  if new.hash <> old.hash or new.media <> old.media or new.bytes <> old.bytes or new."by" <> old."by" then
    raise exception '% is insert-only', tg_table_name using errcode = '42501';
  end if;
  return new;
end $$;
drop trigger if exists artifact_insert_only on evidence.artifact;
create trigger artifact_insert_only before update on evidence.artifact for each row execute function evidence.only_younger();

create or replace function evidence.put_artifact(h text, m text, b bytea) returns void language plpgsql security definer set search_path = evidence, pg_temp as $$
begin
  if encode(sha256(b), 'hex') <> h then raise exception 'the artifact has another hash' using errcode = '22023'; end if;
  insert into evidence.artifact (hash, media, bytes, by) values (h, m, b, evidence.me()) on conflict (hash) do update set at = clock_timestamp();
end $$;

-- Governance alone takes artifacts away, and none that came within the last day.
create or replace function evidence.drop_artifacts(hashes text[]) returns bigint language plpgsql security definer set search_path = evidence, pg_temp as $$
declare freed bigint;
begin
  if evidence.me() is distinct from 'governance' then raise exception '% may not take artifacts away', evidence.me() using errcode = '42501'; end if;
  with gone as (delete from evidence.artifact where hash = any(hashes) and at < clock_timestamp() - interval '1 day' returning octet_length(bytes) as bytes)
  select coalesce(sum(gone.bytes), 0) into freed from gone;
  return freed;
end $$;

revoke execute on all functions in schema evidence from public;
