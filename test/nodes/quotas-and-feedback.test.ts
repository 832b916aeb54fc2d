/** Quotas and feedback in n8n's own execution contexts, over a real PostgreSQL. */
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createPostgresStore } from '../../adapters/postgres/store';
import type { StandIn } from '../../simulator/comfyui';
import { createTestDatabase, type TestDatabase } from '../support/postgres';
import { usageRow } from '../support/usage-rows';
import { comfyUiCredential, postgresCredential, startServer } from './support/fixtures';
import { runNode, type RunResult } from './support/harness';
import { selectOn } from './support/select';

let server: StandIn;
let database: TestDatabase;
beforeAll(async () => {
	server = await startServer();
	database = await createTestDatabase('node_quotas');
	const store = createPostgresStore({ connection: database.url });
	await store.migrate();
	await store.recordUsage([
		usageRow({ job_id: 'liked', prompt_id: 'p1' }),
		usageRow({ job_id: 'better', prompt_id: 'p2', model_name: 'other' }),
	]);
	await store.close();
	// before the node looks for the first time, so that it need not be waited for
	await database.sql.query(
		`insert into quota_limit (subject_kind, subject, period, images) values ('user', 'ana', 'month', 1), ('user', 'bob', 'month', 2)`,
	);
});
afterAll(async () => {
	await server.close();
	await database.close();
});
beforeEach(() => database.sql.query('truncate quota_reservation, quota_account, model_feedback'));

const credentials = () => ({
	...comfyUiCredential(`gpu1=${server.url}`),
	...postgresCredential(database.url),
});
const select = (items: IDataObject[]): Promise<RunResult> =>
	selectOn(server)(
		{ requestFrom: 'item' },
		items.map((json) => ({ json })),
		{ credentials: credentials() },
	);
const log = (parameters: INodeParameters, json: IDataObject): Promise<RunResult> =>
	runNode({
		type: 'logUsage',
		parameters,
		items: [{ json }],
		credentials: credentials(),
	});

async function account(user: string): Promise<unknown> {
	const { rows } = await database.sql.query(
		'select images_used::int as used, images_reserved::int as reserved from quota_account where subject = $1',
		[user],
	);
	return rows[0];
}

describe('Select Model with a Postgres credential', () => {
	it('reserves what it selects, and rejects what goes beyond the quota with when it resets', async () => {
		const job = (job_id: string, user_id: string) => ({ purpose: 'photo', job_id, user_id });
		const { outputs, error } = await select([job('q1', 'ana'), job('q2', 'ana'), job('q3', 'eve')]);
		expect(error).toBeUndefined();
		expect(outputs[0]?.map(({ json }) => json.job_id)).toEqual(['q1', 'q3']);
		const rejection = (outputs[1]?.[0]?.json.selection as IDataObject).rejection as IDataObject;
		expect(rejection).toMatchObject({
			code: 'QUOTA',
			resets_at: expect.stringMatching(/-01T00:00:00.000Z$/),
		});
		expect(rejection.message).toContain('monthly quota of user "ana"');
		expect(await account('ana')).toEqual({ used: 0, reserved: 1 });
	});

	it('is settled by Log Usage, and refunded where it was our own out of memory', async () => {
		const selectionOf = async (job_id: string) => {
			const { outputs } = await select([{ purpose: 'photo', job_id, user_id: 'bob' }]);
			return outputs[0]?.[0]?.json as IDataObject;
		};
		const given = { timing: 'given', actualSeconds: 5, additionalFields: { run_seconds: 4 } };
		await log({ ...given, promptId: 'n1' }, await selectionOf('bob-1'));
		expect(await account('bob')).toEqual({ used: 1, reserved: 0 });
		await log({ ...given, promptId: 'n2', status: 'oom' }, await selectionOf('bob-2'));
		expect(await account('bob')).toEqual({ used: 1, reserved: 0 });
		const again = await selectionOf('bob-3');
		await log({ ...given, promptId: 'n3' }, again);
		await log({ ...given, promptId: 'n3' }, again);
		expect(await account('bob')).toEqual({ used: 2, reserved: 0 });
	});
});

describe('Log Usage, Record Feedback', () => {
	const record = (parameters: INodeParameters, json: IDataObject = { job_id: 'liked' }) =>
		log({ operation: 'feedback', ...parameters }, json);

	it.each([
		[{ feedbackKind: 'stars', stars: 4 }, 0.75],
		[{ feedbackKind: 'score', score: 0.3 }, 0.3],
		[{ feedbackKind: 'thumb', thumb: 'down' }, 0],
	])('writes %j', async (parameters, quality) => {
		const { outputs, error } = await record(parameters);
		expect(error).toBeUndefined();
		expect(outputs[0]?.[0]?.json.feedback).toMatchObject({
			recorded: true,
			job_id: 'liked',
			user_id: 'ana',
			model_name: 'sdxl-base',
			quality_feedback: quality,
		});
		const { rows } = await database.sql.query(
			`select quality_feedback from model_usage_log where job_id = 'liked'`,
		);
		expect(rows).toEqual([{ quality_feedback: quality }]);
	});

	it('writes which of two was liked better, by whom', async () => {
		await record({
			feedbackKind: 'preference',
			feedbackJobId: 'better',
			otherJobId: 'liked',
			feedbackUserId: 'eve',
		});
		const { rows } = await database.sql.query(
			'select user_id, model_name, other_model_name from model_feedback',
		);
		expect(rows).toEqual([{ user_id: 'eve', model_name: 'other', other_model_name: 'sdxl-base' }]);
	});

	it('takes a link that it made, and no other where a key is required', async () => {
		const made = await log(
			{ operation: 'links', feedbackUrl: 'https://n8n.example.com/webhook/feedback?from=mail' },
			{ job_id: 'liked' },
		);
		const links = made.outputs[0]?.[0]?.json.feedback_links as {
			key: string;
			up: string;
			stars: string[];
		};
		const up = new URL(links.up);
		expect(up.origin + up.pathname).toBe('https://n8n.example.com/webhook/feedback');
		expect(Object.fromEntries(up.searchParams)).toEqual({
			from: 'mail',
			job_id: 'liked',
			key: links.key,
			thumb: 'up',
		});
		expect(links.stars).toHaveLength(5);
		const strict = { feedbackKind: 'thumb', thumb: 'up', requireKey: true };
		const query = Object.fromEntries(up.searchParams);
		expect((await record({ ...strict, feedbackJobId: 'liked' }, { query })).error).toBeUndefined();
		for (const key of ['', 'x', links.key.replace(/./, 'g')]) {
			const { error } = await record(strict, { job_id: 'liked', key });
			expect(error?.message).toContain('The key does not belong to this job');
		}
	});

	it('names what is wrong', async () => {
		const { error } = await record({ feedbackKind: 'thumb' }, { job_id: 'nobody' });
		expect(error?.message).toContain('No successful run of job "nobody"');
	});
});
