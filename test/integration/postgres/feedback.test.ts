import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { PostgresFeedbackStore } from '../../../adapters/postgres/feedback-store';
import { createPool } from '../../../adapters/postgres/pool';
import { createPostgresStore, type PostgresStore } from '../../../adapters/postgres/store';
import type { Opinion } from '../../../lib/feedback/types';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';
import { usageRow } from '../../support/usage-rows';

let database: TestDatabase;
let store: PostgresStore;
let feedback: PostgresFeedbackStore;

beforeAll(async () => {
	database = await createTestDatabase('feedback');
	store = createPostgresStore({ connection: database.url });
	await store.migrate();
	feedback = new PostgresFeedbackStore(store.pool);
});
afterAll(async () => {
	await store.close();
	await database.close();
});
beforeEach(async () => {
	await database.sql.query('truncate model_usage_log, model_feedback');
	await store.recordUsage([
		usageRow({ job_id: 'a', prompt_id: 'p1', status: 'oom' }),
		usageRow({ job_id: 'a', prompt_id: 'p2', model_name: 'flux', preset: 'fast' }),
		usageRow({ job_id: 'b', prompt_id: 'p3', user_id: 'bob' }),
		usageRow({ job_id: 'other', prompt_id: 'p4', purpose: 'draft' }),
	]);
});

function opinion(overrides: Partial<Opinion> = {}): Opinion {
	return {
		jobId: 'a',
		userId: null,
		kind: 'rating',
		rating: 0.75,
		otherJobId: null,
		token: null,
		...overrides,
	};
}

const preference = (jobId: string, otherJobId: string, userId = 'eve'): Opinion =>
	opinion({ jobId, otherJobId, userId, kind: 'preference', rating: null });

async function logged(job: string): Promise<unknown[]> {
	const { rows } = await database.sql.query(
		'select attempt, quality_feedback from model_usage_log where job_id = $1 order by attempt',
		[job],
	);
	return rows.map((row) => [row.attempt, row.quality_feedback]);
}

describe('feedback in PostgreSQL', () => {
	it('takes an opinion for the run that people saw, and notes it in the usage log', async () => {
		expect(await feedback.record(opinion())).toEqual({
			recorded: true,
			job_id: 'a',
			attempt: 2,
			user_id: 'ana',
			model_name: 'flux',
			preset: 'fast',
			purpose: 'photo',
			quality_feedback: 0.75,
		});
		expect(await logged('a')).toEqual([
			[1, null],
			[2, 0.75],
		]);
	});

	it('keeps one opinion per person, the last, and logs the mean of all persons', async () => {
		await feedback.record(opinion({ rating: 1 }));
		await feedback.record(opinion({ rating: 0.5 }));
		await feedback.record(opinion({ rating: 0, kind: 'thumb', userId: 'bob' }));
		expect(await logged('a')).toEqual([
			[1, null],
			[2, 0.25],
		]);
		const history = await feedback.history({ sinceDays: 30, limit: 100 });
		expect(history.map(({ kind, rating }) => [kind, rating])).toEqual([
			['thumb', 0],
			['rating', 0.5],
		]);
		expect(new Set(history.map((row) => row.rater)).size).toBe(2);
		expect(JSON.stringify(history)).not.toMatch(/ana|bob/);
	});

	it('keeps a preference between two jobs, and replaces it when the mind is changed', async () => {
		await feedback.record(preference('a', 'b'));
		await feedback.record(preference('b', 'a'));
		const history = await feedback.history({ sinceDays: 30, limit: 100 });
		expect(history).toMatchObject([
			{
				kind: 'preference',
				rating: null,
				model_name: 'sdxl-base',
				preset: 'full',
				other_model_name: 'flux',
				other_preset: 'fast',
			},
		]);
		expect(await logged('b')).toEqual([[1, null]]);
	});

	it('says what is wrong with an opinion that it cannot take', async () => {
		expect(await feedback.record(opinion({ jobId: 'nobody' }))).toEqual({
			recorded: false,
			why: 'job',
			job_id: 'nobody',
		});
		expect(await feedback.record(preference('a', 'nobody'))).toEqual({
			recorded: false,
			why: 'job',
			job_id: 'nobody',
		});
		expect(await feedback.record(preference('a', 'other'))).toEqual({
			recorded: false,
			why: 'purpose',
		});
		expect(await feedback.history({ sinceDays: 30, limit: 100 })).toEqual([]);
	});

	it('takes a link that it made, for that job alone', async () => {
		const tokens = await feedback.tokens(['a', 'b', 'a\nb']);
		expect(new Set(tokens.values()).size).toBe(3);
		for (const token of tokens.values()) expect(token).toMatch(/^[0-9a-f]{32}$/);
		const token = tokens.get('a') ?? '';
		expect(await feedback.record(opinion({ token }))).toMatchObject({ recorded: true });
		const refused = { recorded: false, why: 'token' };
		expect(await feedback.record(opinion({ token: '' }))).toEqual(refused);
		expect(await feedback.record(opinion({ token: token.slice(1) }))).toEqual(refused);
		expect(await feedback.record(opinion({ jobId: 'b', token }))).toEqual(refused);
		expect(await feedback.record({ ...preference('a', 'b'), token })).toEqual(refused);
		const both = tokens.get('a\nb') ?? '';
		expect(await feedback.record({ ...preference('a', 'b'), token: both })).toMatchObject({
			recorded: true,
		});
		expect(await feedback.record({ ...preference('b', 'a'), token: both })).toEqual(refused);
	});

	it('needs no more than the right to insert into the log, which does not show the secret of the links', async () => {
		await database.sql.query(
			`drop role if exists feedback_worker; create role feedback_worker login password 'pw'`,
		);
		await database.sql.query('grant insert on model_usage_log to feedback_worker');
		const pool = createPool({ connection: database.urlFor('feedback_worker', 'pw') });
		try {
			const own = new PostgresFeedbackStore(pool);
			expect(await own.record(opinion())).toMatchObject({ recorded: true });
			expect(await own.history({ sinceDays: 1, limit: 10 })).toHaveLength(1);
			const client = await pool.connect();
			await expect(client.query('select * from comfyui_router_settings')).rejects.toMatchObject({
				code: '42501',
			});
			await expect(client.query(`select comfyui_router_feedback_hash('a')`)).rejects.toMatchObject({
				code: '42501',
			});
			client.release();
		} finally {
			await pool.close();
		}
	});

	it('has no opinions where the tables are older than feedback', async () => {
		await database.sql.query('create schema if not exists before_feedback');
		const pool = createPool({ connection: database.url, schema: 'before_feedback' });
		expect(await new PostgresFeedbackStore(pool).history({ sinceDays: 1, limit: 1 })).toEqual([]);
		await pool.close();
	});
});
