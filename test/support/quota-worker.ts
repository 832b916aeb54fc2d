/**
 * A worker for tests of quotas: reserves and settles jobs until told to stop, and may be killed at any moment. Started as a
 * process of its own: `tsx quota-worker.ts URL NAME USERS JOBS`; prints a line per grant and per settlement.
 */
import { createPool } from '../../adapters/postgres/pool';
import { PostgresQuotaStore } from '../../adapters/postgres/quota-store';

const [url = '', name = '', users = '1', jobs = '1', lanes = '1'] = process.argv.slice(2);

async function main(): Promise<void> {
	const pool = createPool({ connection: url, maxConnections: Number(lanes) });
	let next = 0;
	const lane = async (): Promise<void> => {
		// each lane is a worker of its own, with its own view of what is left
		const quotas = new PostgresQuotaStore(pool, { patienceMs: 30_000 });
		while (next < Number(jobs)) {
			const n = next++;
			const jobId = `${name}-${n}`;
			const userId = `user-${n % Number(users)}`;
			const claim = {
				jobId,
				attempt: null,
				userId,
				images: 1,
				gpuSeconds: 10,
				cost: 0.01,
				ttlSeconds: 3600,
			};
			const grant = await quotas.reserve(claim);
			if (!grant.granted || grant.attempt === null) continue;
			process.stdout.write(`granted ${jobId}\n`);
			const isOom = n % 5 === 4;
			// never more than reserved, so that the limit holds to the end
			const took = isOom
				? { images: 0, gpuSeconds: 0, cost: 0 }
				: { images: 1, gpuSeconds: n % 10, cost: 0.005 };
			const outcome = isOom ? 'oom' : 'success';
			const settlement = { jobId, attempt: grant.attempt, userId, outcome, ...took };
			await quotas.settle([settlement]);
			if (n % 3 === 0) await quotas.settle([settlement]);
			process.stdout.write(`settled ${jobId}\n`);
		}
	};
	await Promise.all(Array.from({ length: Number(lanes) }, lane));
	await pool.close();
}

void main();
