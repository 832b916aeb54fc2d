-- The table that other programs write jobs into. A row is one image job; inserting it is all that a caller does.
create table if not exists image_job (
	id bigint generated always as identity primary key,
	-- a request as for the router: purpose is the only required field
	request jsonb not null,
	status text not null default 'waiting' check (status in ('waiting', 'done', 'failed')),
	model_name text,
	server text,
	-- one sentence: why this model, or why the job failed
	reason text,
	files text[] not null default '{}',
	created_at timestamptz not null default now(),
	ended_at timestamptz
);

-- In the same transaction as the row: there is no job without a row and no row without a job.
create or replace function image_job_enqueue() returns trigger language plpgsql as $$
begin
	perform graphile_worker.add_job(
		'generate_image',
		json_build_object('id', new.id),
		job_key := 'image_job ' || new.id,
		max_attempts := 10
	);
	return new;
end
$$;

create or replace trigger image_job_enqueue after insert on image_job
	for each row execute function image_job_enqueue();
