/**
 * Prompts that are on a server and whose end is not logged yet, so that a run outlives the process that began it. A row
 * goes away with the usage row of its prompt. As for the logs, a role with INSERT on model_usage_log can do all of it.
 */
import type { Migration } from './migration';

export const submittedPrompts: Migration = {
	version: 8,
	name: 'submitted-prompts',
	sql: (s) => `
create table ${s}.submitted_prompts (
	prompt_id text primary key,
	job_id text not null,
	attempt integer not null,
	server text not null,
	workflow_id text,
	execution_id text,
	selection jsonb not null,
	submitted_at timestamptz not null default now()
);
create index submitted_prompts_job on ${s}.submitted_prompts (job_id, submitted_at);
create index submitted_prompts_time on ${s}.submitted_prompts (submitted_at);

create function ${s}.submitted_prompts_add(prompts jsonb) returns void
language plpgsql security definer set search_path = ${s}, pg_temp as $$
begin
	if not comfyui_router_may('INSERT', 'model_usage_log') then
		raise insufficient_privilege using message = 'permission denied for table model_usage_log';
	end if;
	-- what nobody came back for: ComfyUI has forgotten it, too
	delete from submitted_prompts where submitted_at < now() - interval '30 days';
	-- one that has ended meanwhile is not noted any more
	insert into submitted_prompts (prompt_id, job_id, attempt, server, workflow_id, execution_id, selection)
	select p.prompt_id, p.job_id, p.attempt, p.server, p.workflow_id, p.execution_id, p.selection
	from jsonb_to_recordset(prompts) as p (prompt_id text, job_id text, attempt integer, server text,
		workflow_id text, execution_id text, selection jsonb)
	where not exists (select from model_usage_key k where k.job_id = p.job_id and k.prompt_id = p.prompt_id)
	on conflict (prompt_id) do nothing;
end $$;

create function ${s}.submitted_prompts_find(wanted_prompt text, wanted_job text)
returns setof ${s}.submitted_prompts
language plpgsql stable security definer set search_path = ${s}, pg_temp as $$
begin
	if not comfyui_router_may('INSERT', 'model_usage_log') then
		raise insufficient_privilege using message = 'permission denied for table model_usage_log';
	end if;
	return query select * from submitted_prompts p
	where p.prompt_id = wanted_prompt or p.job_id = wanted_job
	order by p.submitted_at desc, p.attempt desc limit 100;
end $$;

create function ${s}.submitted_prompts_settle() returns trigger
language plpgsql security definer set search_path = ${s}, pg_temp as $$
begin
	delete from submitted_prompts p using inserted i where p.prompt_id = i.prompt_id;
	return null;
end $$;
create trigger submitted_prompts_settle after insert on ${s}.model_usage_log
	referencing new table as inserted for each statement execute function ${s}.submitted_prompts_settle();
`,
};
