/**
 * `npm run bench:scale`: 500 servers and 1,000,000 jobs a day, by measurement of the parts and a replay of some minutes.
 * What it means is in docs/scale.md.
 */
import { ModelRouter } from '../lib/router/model-router';
import {
	EXACT_TRUTH,
	metricsOf,
	policyNamed,
	type PolicyDefinition,
	replay,
} from '../simulator/replay';
import { atLeast, atMost, finish, median, printTable } from './report';
import { measureDatabase } from './scale/database';
import {
	busyFleet,
	catalog,
	idleFleet,
	JOBS_PER_DAY,
	JOBS_PER_SECOND,
	MONITOR_INTERVAL_SECONDS,
	PEAK_FACTOR,
	SEED,
	SERVERS,
	traceOf,
} from './scale/workload';

const DECISIONS = 200;
const WARM_UP = 30;
const REPLAY_SECONDS = 180;
const GB = 1e9;
const DAY_SECONDS = 86_400;

interface DecisionTimes {
	median_ms: number;
	p95_ms: number;
}

function decisionTimes(): DecisionTimes {
	const router = new ModelRouter(catalog);
	const fleet = busyFleet();
	const times: number[] = [];
	for (let n = -WARM_UP; n < DECISIONS; n += 1) {
		const purpose = ['photo', 'product', 'illustration'][((n % 3) + 3) % 3] as string;
		const request = { purpose, width: 1024, height: 1024, explain: false };
		const began = performance.now();
		const answer = router.select(request, fleet, { nowMs: 0 });
		if (answer.decision !== 'selected') throw new Error(`${purpose} was not served`);
		if (n >= 0) times.push(performance.now() - began);
	}
	const sorted = [...times].sort((a, b) => a - b);
	return {
		median_ms: median(times),
		p95_ms: sorted[Math.ceil(0.95 * sorted.length) - 1] as number,
	};
}

function replayed() {
	const trace = traceOf(REPLAY_SECONDS);
	const policy = policyNamed('router') as PolicyDefinition;
	const began = performance.now();
	const result = replay({
		catalog,
		fleet: idleFleet(),
		trace,
		truth: { ...EXACT_TRUTH, noise_cv: 0.1 },
		seed: SEED,
		policy,
	});
	const metrics = metricsOf(result);
	return {
		seconds_of_the_day: REPLAY_SECONDS,
		jobs: metrics.jobs,
		on_time_ratio: metrics.on_time_ratio,
		mean_quality_on_time: metrics.mean_quality_on_time,
		wait_p95_seconds: metrics.wait_seconds.p95,
		oom_count: metrics.oom_count,
		rejected: metrics.rejected,
		took_seconds: (performance.now() - began) / 1000,
	};
}

async function main(): Promise<void> {
	process.stdout.write(
		`${SERVERS} servers, ${JOBS_PER_DAY} jobs a day (${JOBS_PER_SECOND.toFixed(1)}/s, ${PEAK_FACTOR} times that assumed at the peak), seed ${SEED}\n`,
	);
	const decision = decisionTimes();
	const day = replayed();
	const database = await measureDatabase();
	const peak = JOBS_PER_SECOND * PEAK_FACTOR;
	const vramRowsPerDay = (SERVERS * DAY_SECONDS) / MONITOR_INTERVAL_SECONDS;
	const sizes = {
		usage_gb_per_day: (database.usage_bytes_per_row * JOBS_PER_DAY) / GB,
		vram_rows_per_day: vramRowsPerDay,
		vram_gb_per_day: (database.vram_bytes_per_row * vramRowsPerDay) / GB,
	};
	const shares = {
		/** Of one core's time, at the peak. */
		decision_core_share_at_peak: (peak * decision.median_ms) / 1000,
		/** Of the time that the reservations' lock can be held, at the peak. */
		lock_share_at_peak: peak / database.reserved_decisions_per_second,
		usage_writer_share_at_peak: peak / database.usage_rows_per_second,
		vram_round_share: database.vram_round_seconds / MONITOR_INTERVAL_SECONDS,
	};
	const figures = { seed: SEED, decision, day, database, sizes, shares };
	printTable(
		['Part', 'Measured', 'Needed'],
		[
			[
				'Decision, 500 servers',
				`${decision.median_ms.toFixed(1)} ms, p95 ${decision.p95_ms.toFixed(1)} ms`,
				`${peak.toFixed(0)}/s at the peak`,
			],
			[
				'Reserved decisions',
				`${database.reserved_decisions_per_second.toFixed(0)}/s`,
				`${peak.toFixed(0)}/s at the peak`,
			],
			['Reservations, nothing decided', `${database.reserved_nothing_per_second.toFixed(0)}/s`, ''],
			[
				'Usage rows',
				`${database.usage_rows_per_second.toFixed(0)}/s, ${database.usage_bytes_per_row.toFixed(0)} bytes each`,
				`${peak.toFixed(0)}/s at the peak`,
			],
			[
				'VRAM round of 500 rows',
				`${(database.vram_round_seconds * 1000).toFixed(0)} ms, ${database.vram_bytes_per_row.toFixed(0)} bytes a row`,
				`each ${MONITOR_INTERVAL_SECONDS} s`,
			],
			['model_usage_log', `${sizes.usage_gb_per_day.toFixed(2)} GB a day`, ''],
			['vram_usage_log', `${sizes.vram_gb_per_day.toFixed(2)} GB a day`, ''],
			[
				`Replay of ${day.seconds_of_the_day} s`,
				`${day.jobs} jobs, ${(day.on_time_ratio * 100).toFixed(1)} % on time, ${day.oom_count} OOM`,
				'',
			],
		],
	);
	finish({
		bench: 'scale',
		figures,
		goals: [
			atLeast(
				'reserved_decisions_to_mean',
				database.reserved_decisions_per_second / JOBS_PER_SECOND,
				1,
			),
			atLeast('reserved_decisions_to_peak', database.reserved_decisions_per_second / peak, 1),
			atLeast('usage_rows_to_peak', database.usage_rows_per_second / peak, 10),
			atMost('vram_round_to_interval', shares.vram_round_share, 0.1),
			atLeast('replay_on_time_ratio', day.on_time_ratio, 0.95),
			atMost('replay_oom_count', day.oom_count, 0),
		],
	});
}

void main();
