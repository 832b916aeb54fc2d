/** Choosing and reserving within quotas, where others take what was left between the look and the reservation. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { migrate } from '../../../adapters/postgres/migrate';
import { createPool, type RouterPool } from '../../../adapters/postgres/pool';
import { PostgresQuotaStore } from '../../../adapters/postgres/quota-store';
import { PostgresReservations } from '../../../adapters/postgres/reservations';
import { systemClock } from '../../../adapters/system-clock';
import type { QuotaPort } from '../../../lib/ports';
import { ModelRouter } from '../../../lib/router/model-router';
import { QuotaDesk } from '../../../service/quota-desk';
import { selectAndReserveWithinQuota } from '../../../service/select-and-reserve';
import { quickCatalog } from '../../support/generate-lab';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';

const router = new ModelRouter(quickCatalog());
const memory = { vram_total: 24e9, vram_free: 23e9, torch_vram_total: 0, torch_vram_free: 0 };
const fleet = {
	servers: [
		{
			...{ name: 's1', url: 'http://s1:8188', reachable: true, devices: [memory], queue: [] },
			...{ loaded_model: null, installed_files: null },
		},
	],
};

let database: TestDatabase;
let pool: RouterPool;
let quotas: PostgresQuotaStore;

beforeAll(async () => {
	database = await createTestDatabase('withinquota');
	pool = createPool({ connection: database.url, maxConnections: 12 });
	await migrate(pool);
	quotas = new PostgresQuotaStore(pool);
});
beforeEach(async () => {
	await database.sql.query(
		'truncate server_reservation, quota_limit, quota_account, quota_reservation cascade',
	);
});
afterAll(async () => {
	await pool.close();
	await database.close();
});

/** @param port whose answers the decision sees */
async function choose(jobId: string, port: QuotaPort = quotas) {
	const parts = {
		...{ port: new PostgresReservations({ pool }), fleet, clock: systemClock },
		readBeganMs: Date.now(),
	};
	const [outcome] = await selectAndReserveWithinQuota(
		parts,
		new QuotaDesk(port),
		[{ jobId, userId: 'ana' }],
		(_index, now, left) => ({
			selection: router.select(
				{ purpose: 'photo', job_id: jobId, user_id: 'ana', deadline_seconds: 600 },
				now,
				{ nowMs: Date.now(), quotas: left },
			),
		}),
	);
	if (!outcome || !('decided' in outcome)) throw new Error('It was not decided.');
	return outcome.decided.selection;
}

function rival(jobId: string, gpuSeconds: number) {
	const amounts = { images: 1, gpuSeconds, cost: 0 };
	return quotas.reserve({ ...amounts, jobId, attempt: null, userId: 'ana', ttlSeconds: 600 });
}

/** Somebody who, each time that what is left was read, is faster with this. */
function outrunBy(takes: readonly number[]): QuotaPort {
	let turn = 0;
	return portWith(async (users) => {
		const left = await quotas.left(users);
		const gpuSeconds = takes[turn];
		turn += 1;
		if (gpuSeconds !== undefined) {
			expect(await rival(`rival ${turn}`, gpuSeconds)).toMatchObject({ granted: true });
		}
		return left;
	});
}

function portWith(left: QuotaPort['left']): QuotaPort {
	return {
		left,
		reserve: (claim) => quotas.reserve(claim),
		settle: (settlements) => quotas.settle(settlements),
		release: (jobId) => quotas.release(jobId),
	};
}

const limit = (values: string) =>
	database.sql.query(
		`insert into quota_limit (subject_kind, subject, period, images, gpu_seconds, mode) values ('user', '*', 'month', ${values})`,
	);

async function reserved(): Promise<string[]> {
	const { rows } = await database.sql.query(
		`select job_id || ' ' || model_name as what from server_reservation
		where expires_at > clock_timestamp() order by 1`,
	);
	return rows.map((row) => row.what);
}

describe('a decision that lost the race for its quota', () => {
	it('is made anew with what is left, and reserves that instead', async () => {
		// heavy takes 1.4 s cold, light 0.35 s
		await limit("null, 2, 'degrade'");
		const selection = await choose('mine', outrunBy([1.2]));
		expect(selection).toMatchObject({ decision: 'selected', model_name: 'light' });
		expect(await reserved()).toEqual(['mine light']);
		const [left] = await quotas.left(['ana']);
		expect(left?.gpu_seconds_left).toBeCloseTo(2 - 1.2 - 0.35, 1);
	});

	it('takes what it chose first where nobody was faster', async () => {
		await limit("null, 2, 'degrade'");
		expect(await choose('mine')).toMatchObject({ model_name: 'heavy' });
		expect(await reserved()).toEqual(['mine heavy']);
	});

	it('is refused where nothing is left, and its server is given back', async () => {
		await limit("null, 1.5, 'degrade'");
		const selection = await choose('mine', outrunBy([1.4]));
		expect(selection.rejection?.code).toBe('QUOTA');
		expect(await reserved()).toEqual([]);
	});

	it('is refused in the end where others are faster every time, and its server is given back', async () => {
		await limit("null, 100, 'reject'");
		// what was read always looks like enough, and never is
		const stale = await quotas.left(['ana']);
		await rival('rival', 99.9);
		let looks = 0;
		const never = portWith(() => {
			looks += 1;
			return Promise.resolve(stale);
		});
		const selection = await choose('mine', never);
		expect(selection.rejection?.code).toBe('QUOTA');
		expect(selection.selection_reason).toContain('at the same moment');
		expect(looks).toBe(6);
		expect(await reserved()).toEqual([]);
	});

	it('leaves as many jobs as the quota covers, with as many reservations, of twelve at once', async () => {
		await limit("5, null, 'reject'");
		const all = await Promise.all(Array.from({ length: 12 }, (_, n) => choose(`job-${n}`)));
		const chosen = all.filter((one) => one.decision === 'selected').map((one) => one.job_id);
		expect(chosen).toHaveLength(5);
		for (const one of all) if (one.rejection) expect(one.rejection.code).toBe('QUOTA');
		const held = (await reserved()).map((what) => what.split(' ')[0]);
		expect(held).toEqual([...chosen].sort());
		const { rows } = await database.sql.query(
			`select job_id from quota_reservation where state = 'reserved' order by 1`,
		);
		expect(rows.map((row) => row.job_id)).toEqual([...chosen].sort());
	});
});
