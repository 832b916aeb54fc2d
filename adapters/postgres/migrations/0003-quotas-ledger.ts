/** The functions that change quotas: reserve, settle, release, expire. Part of migration 3; the rules are explained there. */

const accountFunctions = (s: string): string => `
-- one job at a time: two workers of one job wait for each other
create function ${s}.comfyui_router_quota_lock_job(job text) returns void
language sql volatile set search_path = ${s}, pg_temp as $$
	select pg_advisory_xact_lock(hashtextextended('comfyui_router_quota ' || job, 'quota_reservation'::regclass::oid::bigint))
$$;

-- the accounts of the limits that apply now, made where they are missing
create function ${s}.comfyui_router_quota_accounts(who text) returns bigint[]
language plpgsql volatile set search_path = ${s}, pg_temp as $$
declare
	ids bigint[];
begin
	insert into quota_account (subject_kind, subject, period, period_start)
	select l.subject_kind, l.subject, l.period, comfyui_router_quota_period(l.period, now())
	from comfyui_router_quota_limits(who) l
	where not exists (select from quota_account a where a.subject_kind = l.subject_kind and a.subject = l.subject
		and a.period = l.period and a.period_start = comfyui_router_quota_period(l.period, now()))
	order by 1, 2, 3, 4
	on conflict do nothing;
	select coalesce(array_agg(a.id), '{}') into ids
	from comfyui_router_quota_limits(who) l
	join quota_account a on a.subject_kind = l.subject_kind and a.subject = l.subject
		and a.period = l.period and a.period_start = comfyui_router_quota_period(l.period, now());
	return ids;
end $$;

-- always in the order of their keys, so that nobody waits in a circle
create function ${s}.comfyui_router_quota_lock_accounts(ids bigint[]) returns void
language plpgsql volatile set search_path = ${s}, pg_temp as $$
begin
	perform from quota_account where id = any (ids)
	order by subject_kind, subject, period, period_start for update;
end $$;
`;

const reserveFunction = (s: string): string => `
create function ${s}.comfyui_router_quota_reserve(p_job text, p_attempt integer, p_user text, p_images bigint,
	p_gpu_seconds numeric, p_cost numeric, p_ttl_seconds double precision)
returns jsonb language plpgsql volatile security definer set search_path = ${s}, pg_temp as $$
declare
	who text := coalesce(p_user, '');
	gpu numeric(20, 6) := round(p_gpu_seconds, 6);
	money numeric(20, 9) := round(p_cost, 9);
	held quota_reservation%rowtype;
	number integer;
	ids bigint[];
	over jsonb;
begin
	perform comfyui_router_quota_check();
	perform comfyui_router_quota_lock_job(p_job);
	select * into held from quota_reservation r
	where r.job_id = p_job and case when p_attempt is null then r.state in ('reserved', 'expired') else r.attempt = p_attempt end
	order by r.attempt desc limit 1 for update;
	if held.state in ('committed', 'refunded') then
		return jsonb_build_object('granted', true, 'attempt', held.attempt, 'repeated', true);
	end if;
	if held.state = 'reserved' and (held.user_id, held.images, held.gpu_seconds, held.cost) = (who, p_images, gpu, money) then
		update quota_reservation set expires_at = greatest(expires_at, now() + p_ttl_seconds * interval '1 second')
		where job_id = p_job and attempt = held.attempt;
		return jsonb_build_object('granted', true, 'attempt', held.attempt, 'repeated', true);
	end if;
	number := coalesce(held.attempt, p_attempt,
		(select coalesce(max(r.attempt), 0) + 1 from quota_reservation r where r.job_id = p_job));
	ids := comfyui_router_quota_accounts(who);
	perform comfyui_router_quota_lock_accounts(ids || coalesce(held.account_ids, '{}'));
	-- decided anew: what was reserved for this attempt before is given back first
	if held.state = 'reserved' then
		update quota_account set images_reserved = images_reserved - held.images,
			gpu_seconds_reserved = gpu_seconds_reserved - held.gpu_seconds,
			cost_reserved = cost_reserved - held.cost, updated_at = now()
		where id = any (held.account_ids);
	end if;
	delete from quota_reservation where job_id = p_job and attempt = number;
	if cardinality(ids) = 0 then
		return jsonb_build_object('granted', true, 'attempt', null, 'repeated', false);
	end if;
	select jsonb_agg(jsonb_build_object('subject_kind', l.subject_kind, 'subject', l.subject, 'period', l.period))
	into over
	from comfyui_router_quota_limits(who) l
	join quota_account a on a.subject_kind = l.subject_kind and a.subject = l.subject
		and a.period = l.period and a.period_start = comfyui_router_quota_period(l.period, now())
	where a.images_used + a.images_reserved + p_images > l.images
		or a.gpu_seconds_used + a.gpu_seconds_reserved + gpu > l.gpu_seconds
		or a.cost_used + a.cost_reserved + money > l.cost;
	if over is not null then
		return jsonb_build_object('granted', false, 'attempt', null, 'repeated', false, 'over', over);
	end if;
	update quota_account set images_reserved = images_reserved + p_images,
		gpu_seconds_reserved = gpu_seconds_reserved + gpu, cost_reserved = cost_reserved + money, updated_at = now()
	where id = any (ids);
	insert into quota_reservation (job_id, attempt, user_id, state, images, gpu_seconds, cost, account_ids, expires_at)
	values (p_job, number, who, 'reserved', p_images, gpu, money, ids, now() + p_ttl_seconds * interval '1 second');
	return jsonb_build_object('granted', true, 'attempt', number, 'repeated', false);
end $$;
`;

const settleFunctions = (s: string): string => `
-- null amounts: as reserved
create function ${s}.comfyui_router_quota_settle(p_job text, p_attempt integer, p_user text, p_outcome text,
	p_images bigint, p_gpu_seconds numeric, p_cost numeric)
returns jsonb language plpgsql volatile security definer set search_path = ${s}, pg_temp as $$
declare
	who text := coalesce(p_user, '');
	held quota_reservation%rowtype;
	stale quota_reservation%rowtype;
	ids bigint[];
	count bigint;
	gpu numeric(20, 6);
	money numeric(20, 9);
	ending text;
begin
	perform comfyui_router_quota_check();
	perform comfyui_router_quota_lock_job(p_job);
	select * into held from quota_reservation r where r.job_id = p_job and r.attempt = p_attempt for update;
	if held.state in ('committed', 'refunded') then
		return jsonb_build_object('state', held.state, 'repeated', true);
	end if;
	-- a job makes one attempt at a time: what an earlier one still holds is over, too
	select * into stale from quota_reservation r
	where r.job_id = p_job and r.attempt < p_attempt and r.state = 'reserved'
	order by r.attempt desc limit 1 for update;
	ids := coalesce(held.account_ids, stale.account_ids, comfyui_router_quota_accounts(who));
	count := coalesce(p_images, held.images, 0);
	gpu := round(coalesce(p_gpu_seconds, held.gpu_seconds, 0), 6);
	money := round(coalesce(p_cost, held.cost, 0), 9);
	ending := case when count = 0 and gpu = 0 and money = 0 then 'refunded' else 'committed' end;
	perform comfyui_router_quota_lock_accounts(ids || coalesce(stale.account_ids, '{}'));
	if stale.job_id is not null then
		update quota_account set images_reserved = images_reserved - stale.images,
			gpu_seconds_reserved = gpu_seconds_reserved - stale.gpu_seconds,
			cost_reserved = cost_reserved - stale.cost, updated_at = now()
		where id = any (stale.account_ids);
		delete from quota_reservation r where r.job_id = p_job and r.attempt = stale.attempt;
	end if;
	if held.state = 'reserved' then
		update quota_account set images_reserved = images_reserved - held.images,
			gpu_seconds_reserved = gpu_seconds_reserved - held.gpu_seconds,
			cost_reserved = cost_reserved - held.cost
		where id = any (ids);
	end if;
	if cardinality(ids) = 0 then
		return jsonb_build_object('state', 'unlimited', 'repeated', false);
	end if;
	update quota_account set images_used = images_used + count, gpu_seconds_used = gpu_seconds_used + gpu,
		cost_used = cost_used + money, updated_at = now()
	where id = any (ids);
	insert into quota_reservation as r (job_id, attempt, user_id, state, outcome, images_used, gpu_seconds_used,
		cost_used, account_ids, expires_at, settled_at)
	values (p_job, p_attempt, who, ending, p_outcome, count, gpu, money, ids, now(), now())
	on conflict (job_id, attempt) do update set state = excluded.state, outcome = excluded.outcome,
		images_used = excluded.images_used, gpu_seconds_used = excluded.gpu_seconds_used,
		cost_used = excluded.cost_used, settled_at = excluded.settled_at;
	return jsonb_build_object('state', ending, 'repeated', false);
end $$;

-- of a job that will not run after all: null = every attempt that holds something
create function ${s}.comfyui_router_quota_release(p_job text, p_attempt integer)
returns integer language plpgsql volatile security definer set search_path = ${s}, pg_temp as $$
declare
	held quota_reservation%rowtype;
	released integer := 0;
begin
	perform comfyui_router_quota_check();
	perform comfyui_router_quota_lock_job(p_job);
	for held in select * from quota_reservation r
		where r.job_id = p_job and r.state = 'reserved' and (p_attempt is null or r.attempt = p_attempt)
		order by r.attempt for update
	loop
		perform comfyui_router_quota_lock_accounts(held.account_ids);
		update quota_account set images_reserved = images_reserved - held.images,
			gpu_seconds_reserved = gpu_seconds_reserved - held.gpu_seconds,
			cost_reserved = cost_reserved - held.cost, updated_at = now()
		where id = any (held.account_ids);
		delete from quota_reservation r where r.job_id = held.job_id and r.attempt = held.attempt;
		released := released + 1;
	end loop;
	return released;
end $$;
`;

const sweepFunction = (s: string): string => `
-- gives back what crashed workers hold, and forgets what is older than the usage log's own retention
create function ${s}.comfyui_router_quota_expire() returns integer
language plpgsql volatile security definer set search_path = ${s}, pg_temp as $$
declare
	gone jsonb;
	days double precision;
begin
	perform comfyui_router_quota_check();
	with due as (
		select r.job_id, r.attempt from quota_reservation r
		where r.state = 'reserved' and r.expires_at <= now()
		order by r.expires_at limit 500 for update skip locked
	), ended as (
		update quota_reservation r set state = 'expired', settled_at = now()
		from due where r.job_id = due.job_id and r.attempt = due.attempt
		returning r.images, r.gpu_seconds, r.cost, r.account_ids
	)
	select jsonb_agg(to_jsonb(ended)) into gone from ended;
	days := comfyui_router_retention_days('usage');
	if days is not null then
		delete from quota_reservation where ctid = any (array(
			select r.ctid from quota_reservation r
			where r.reserved_at < now() - days * interval '1 day' and r.state <> 'reserved' limit 10000));
		delete from quota_account a where a.period_start < now() - (days + 31) * interval '1 day'
			and not exists (select from quota_reservation r where r.state = 'reserved' and a.id = any (r.account_ids));
	end if;
	if gone is null then
		return 0;
	end if;
	perform comfyui_router_quota_lock_accounts(array(
		select distinct id::bigint from jsonb_array_elements(gone) g, jsonb_array_elements_text(g -> 'account_ids') id));
	update quota_account a set images_reserved = a.images_reserved - t.images,
		gpu_seconds_reserved = a.gpu_seconds_reserved - t.gpu_seconds,
		cost_reserved = a.cost_reserved - t.cost, updated_at = now()
	from (
		select id::bigint as id, sum((g ->> 'images')::bigint) as images,
			sum((g ->> 'gpu_seconds')::numeric) as gpu_seconds, sum((g ->> 'cost')::numeric) as cost
		from jsonb_array_elements(gone) g, jsonb_array_elements_text(g -> 'account_ids') id group by 1
	) t
	where a.id = t.id;
	return jsonb_array_length(gone);
end $$;
`;

/** Every function that changes an account, for the schema `s`. */
export const ledgerFunctions = (s: string): string =>
	[accountFunctions, reserveFunction, settleFunctions, sweepFunction]
		.map((part) => part(s))
		.join('\n');
