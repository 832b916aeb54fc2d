/** Limits and groups, as whoever owns them sets them. Needs rights on the two tables; workers need none of that. */
import type { PoolClient } from 'pg';

import { RouterError } from '../../lib/errors';
import type { QuotaLimit } from '../../lib/quotas/types';
import { isDenied, postgresError } from './errors';
import { type RouterPool, withClient } from './pool';

/** A limit with what is used and held of it in the running period; of `*` for users: of nobody in particular. */
export interface ListedLimit extends QuotaLimit {
	resets_at: string;
	images_used: number;
	images_reserved: number;
	gpu_seconds_used: number;
	gpu_seconds_reserved: number;
	cost_used: number;
	cost_reserved: number;
	/** Of a group. */
	members: string[];
}

export class PostgresQuotaLimits {
	constructor(private readonly pool: RouterPool) {}

	/** Adds the limit or replaces the one of the same subject and period. */
	async set(limit: QuotaLimit): Promise<void> {
		const { subject_kind, subject, period, images, gpu_seconds, cost, mode } = limit;
		await this.change('Setting a quota', (client) =>
			client.query(
				`insert into ${this.table('quota_limit')} (subject_kind, subject, period, images, gpu_seconds, cost, mode)
				values ($1, $2, $3, $4, $5, $6, $7)
				on conflict (subject_kind, subject, period) do update set images = excluded.images,
					gpu_seconds = excluded.gpu_seconds, cost = excluded.cost, mode = excluded.mode, updated_at = now()`,
				[subject_kind, subject, period, images, gpu_seconds, cost, mode],
			),
		);
	}

	/** @param period null: of every period. @returns how many were removed */
	async remove(
		kind: QuotaLimit['subject_kind'],
		subject: string,
		period: QuotaLimit['period'] | null,
	): Promise<number> {
		return await this.change('Removing a quota', (client) =>
			client.query(
				`delete from ${this.table('quota_limit')}
				where subject_kind = $1 and subject = $2 and ($3::text is null or period = $3)`,
				[kind, subject, period],
			),
		);
	}

	/** @returns how many were not in it before */
	async addMembers(group: string, users: readonly string[]): Promise<number> {
		return await this.change('Adding to a group', (client) =>
			client.query(
				`insert into ${this.table('quota_group_member')} (user_id, group_name)
				select distinct name, $1 from unnest($2::text[]) as wanted (name) on conflict do nothing`,
				[group, users],
			),
		);
	}

	/** @returns how many were in it */
	async removeMembers(group: string, users: readonly string[]): Promise<number> {
		return await this.change('Removing from a group', (client) =>
			client.query(
				`delete from ${this.table('quota_group_member')} where group_name = $1 and user_id = any ($2::text[])`,
				[group, users],
			),
		);
	}

	async list(): Promise<ListedLimit[]> {
		try {
			return await withClient(this.pool, async (client) => {
				const { rows } = await client.query(listSql(this.pool.quotedSchema));
				return rows.map(limitOf);
			});
		} catch (error) {
			throw this.errorOf(error, 'Listing quotas');
		}
	}

	private table(name: string): string {
		return `${this.pool.quotedSchema}.${name}`;
	}

	private async change(
		what: string,
		work: (client: PoolClient) => Promise<{ rowCount: number | null }>,
	): Promise<number> {
		try {
			return (await withClient(this.pool, work)).rowCount ?? 0;
		} catch (error) {
			throw this.errorOf(error, what);
		}
	}

	private errorOf(error: unknown, what: string): RouterError {
		if (!isDenied(error)) return postgresError(error, this.pool.where, what);
		return new RouterError({
			code: 'POSTGRES_PERMISSION',
			message: `${what} failed: this role may not do that (${this.pool.where}).`,
			hint: 'Grant SELECT, INSERT, UPDATE and DELETE on quota_limit and quota_group_member, and SELECT on quota_account, to whoever sets quotas.',
		});
	}
}

function listSql(schema: string): string {
	return `
select l.subject_kind, l.subject, l.period, l.mode, l.images::float8, l.gpu_seconds::float8, l.cost::float8,
	${schema}.comfyui_router_quota_period_end(l.period, now()) as resets_at,
	coalesce(a.images_used, 0)::float8 as images_used, coalesce(a.images_reserved, 0)::float8 as images_reserved,
	coalesce(a.gpu_seconds_used, 0)::float8 as gpu_seconds_used,
	coalesce(a.gpu_seconds_reserved, 0)::float8 as gpu_seconds_reserved,
	coalesce(a.cost_used, 0)::float8 as cost_used, coalesce(a.cost_reserved, 0)::float8 as cost_reserved,
	array(select m.user_id from ${schema}.quota_group_member m
		where l.subject_kind = 'group' and m.group_name = l.subject order by 1) as members
from ${schema}.quota_limit l
left join ${schema}.quota_account a on a.subject_kind = l.subject_kind and a.subject = l.subject and a.period = l.period
	and a.period_start = ${schema}.comfyui_router_quota_period(l.period, now())
order by l.subject_kind, l.subject, array_position(array['hour', 'day', 'week', 'month'], l.period)`;
}

function limitOf(row: ListedLimit & { resets_at: string | Date }): ListedLimit {
	return { ...row, resets_at: new Date(row.resets_at).toISOString() };
}
