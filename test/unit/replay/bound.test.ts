/** The bound on tiny worlds, against every schedule there is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { pooledBound, upperBound } from '../../../simulator/replay/bound';
import { CandidateTable } from '../../../simulator/replay/candidates';
import { pendingJobs } from '../../../simulator/replay/jobs';
import { pathBound } from '../../../simulator/replay/path-bound';
import { TrueFigures } from '../../../simulator/replay/truth';
import type { PendingJob, ReplayInput } from '../../../simulator/replay/types';
import { fleet, photo, server, truth, twoModels } from './lab';

type World = Omit<ReplayInput, 'policy'>;

interface Device {
	freeAt: number;
	resident: string | null;
	speed: number;
}

/**
 * Best sum of qualities on time over all orders, servers and candidates: runs begin as early as they can, late ones may
 * be worth doing for the weights that they leave, and weights may be loaded ahead for nobody.
 */
function bestOf(
	left: readonly PendingJob[],
	devices: readonly Device[],
	table: CandidateTable,
	figures: TrueFigures,
): number {
	let best = 0;
	for (const job of left) {
		const others = left.filter((other) => other !== job);
		for (const [index, device] of devices.entries()) {
			for (const candidate of table.of(job)) {
				const cold = device.resident !== candidate.weightsKey;
				const run = figures.runSeconds(job, candidate, index);
				const start = Math.max(device.freeAt, job.arrivedAtSeconds);
				const ends = [start + (cold ? figures.loadSeconds(job, candidate) : 0) + run];
				const load = table.loadOf(candidate.model.name);
				if (cold && load !== null) {
					const { loadSeconds, runSeconds } = figures.loadTimes(load, index);
					const ready = device.freeAt + loadSeconds + runSeconds;
					ends.push(Math.max(ready, job.arrivedAtSeconds) + run);
				}
				for (const end of ends) {
					const late = end > job.deadlineAtSeconds;
					if (late && !cold) continue;
					const after = { ...device, freeAt: end, resident: candidate.weightsKey };
					const now = devices.map((other) => (other === device ? after : other));
					const rest = bestOf(others, now, table, figures);
					best = Math.max(best, (late ? 0 : candidate.quality) + rest);
				}
			}
		}
	}
	return best;
}

function bestSchedule(world: World): number {
	const jobs = pendingJobs(world);
	const table = new CandidateTable(world.catalog);
	const speeds = world.fleet.servers.map((one) => one.speed_factor ?? 1);
	const figures = new TrueFigures(world.truth, speeds, jobs.length, world.seed);
	const devices = world.fleet.servers.map((one, i) => ({
		freeAt: 0,
		resident: table.weightsKeyOf(one.loaded_model),
		speed: speeds[i] as number,
	}));
	return bestOf(jobs, devices, table, figures) / jobs.length;
}

const tinyWorlds: fc.Arbitrary<World> = fc
	.record({
		seed: fc.nat(),
		servers: fc.array(
			fc.record({
				speed: fc.constantFrom(0.5, 1, 1, 1.7),
				resident: fc.constantFrom(null, 'big', 'small'),
			}),
			{ minLength: 1, maxLength: 2 },
		),
		jobs: fc.array(
			fc.record({
				at: fc.double({ min: 0, max: 20, noNaN: true }),
				span: fc.double({ min: 1, max: 30, noNaN: true }),
				floor: fc.constantFrom(0, 0, 0.9),
			}),
			{ minLength: 1, maxLength: 4 },
		),
		time: fc.double({ min: 0.5, max: 1.5, noNaN: true }),
		// down to loads that are far shorter than any run
		load: fc.constantFrom(1, 1, 0.3, 0.02),
	})
	.map((world) => ({
		catalog: twoModels(),
		fleet: fleet(
			...world.servers.map(({ speed, resident }, i) =>
				server(`s${i}`, { speed_factor: speed, loaded_model: resident }),
			),
		),
		trace: world.jobs
			.map(({ at, span, floor }) => photo(at, { deadlineSeconds: span, minQuality: floor }))
			.sort((a, b) => a.arrivalSeconds - b.arrivalSeconds),
		truth: truth({
			time_factor: { big: world.time },
			load_factor: { big: world.load, small: world.load },
			noise_cv: 0.1,
		}),
		seed: world.seed,
	}));

describe('the upper bound', () => {
	it('is exceeded by no schedule of a tiny world, and neither are its parts', () => {
		fc.assert(
			fc.property(tinyWorlds, (world) => {
				const best = bestSchedule(world);
				const { value, jobPrices } = pooledBound(world);
				expect(value).toBeGreaterThanOrEqual(best - 1e-9);
				expect(pathBound(world, jobPrices)).toBeGreaterThanOrEqual(best - 1e-9);
				expect(upperBound(world)).toBeGreaterThanOrEqual(best - 1e-9);
			}),
			{ numRuns: 150 },
		);
	});

	it('is what it says at any prices', () => {
		fc.assert(
			fc.property(
				tinyWorlds,
				fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 }),
				(world, drawn) => {
					const prices = Float64Array.from(world.trace, (_, j) => drawn[j] as number);
					expect(pathBound(world, prices, 0)).toBeGreaterThanOrEqual(bestSchedule(world) - 1e-9);
				},
			),
			{ numRuns: 150 },
		);
	});

	it('counts loads where one server must change between models', () => {
		// small takes 2 s and 1 s to load, big 10 s and 4 s: whichever is loaded ahead, the other comes too late
		const trace = [
			photo(15, { deadlineSeconds: 2.2 }),
			photo(17.5, { deadlineSeconds: 10.5, minQuality: 0.9 }),
		];
		const world = { catalog: twoModels(), fleet: fleet(), trace, truth: truth(), seed: 1 };
		expect(bestSchedule(world)).toBe(0.5);
		expect(pooledBound(world).value).toBe(0.75);
		expect(upperBound(world)).toBeLessThan(0.6);
		// with a server for each, both can be loaded ahead
		const two = { ...world, fleet: fleet(server('one'), server('two')) };
		expect(bestSchedule(two)).toBe(0.75);
		expect(upperBound(two)).toBeGreaterThanOrEqual(0.75);
	});

	it('allows loads that are shorter than any run', () => {
		// 2 s warm, 2.02 s cold, due in 2.01 s: on time if it is loaded ahead, which takes a quarter of a second
		const world = {
			catalog: twoModels(),
			fleet: fleet(),
			trace: [photo(10, { deadlineSeconds: 2.01 })],
			truth: truth({ load_factor: { small: 0.02 } }),
			seed: 1,
		};
		expect(bestSchedule(world)).toBe(0.5);
		expect(upperBound(world)).toBeGreaterThanOrEqual(0.5);
	});
});
