/** The GPU model by its formulas: time, warmth, memory. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
	type Gpu,
	type GpuJob,
	type GpuProfile,
	type GpuState,
	type SamplingStage,
	type SimulatedModel,
	emptyGpuState,
	endJob,
	freeMemory,
	gpuProfile,
	memoryReading,
	modelsByName,
	planJob,
	seededRandom,
	stateAfterJob,
	unloadModels,
	usedBytes,
	withCoTenant,
} from '../../../simulator/gpu';

const GB = 1e9;

function model(name: string, over: Partial<SimulatedModel> = {}): SimulatedModel {
	return {
		name,
		files: [],
		weightsBytes: 6 * GB,
		activationBytesPerMegapixel: 2 * GB,
		loadSeconds: 8,
		timings: [{ loras: [], steps: 20, passes: 2, secondsPerStep: 0.1, fixedSeconds: 0.5 }],
		...over,
	};
}

function gpu(profile: Partial<GpuProfile> = {}, models = [model('a'), model('b')]): Gpu {
	const base = { vramTotalBytes: 12 * GB, contextBytes: 0, loadBytesPerSecond: 2 * GB };
	return { profile: gpuProfile({ ...base, ...profile }), models: modelsByName(models) };
}

function stage(over: Partial<SamplingStage> = {}): SamplingStage {
	return {
		modelName: 'a',
		steps: 20,
		cfg: 7,
		width: 1000,
		height: 1000,
		batchSize: 1,
		loras: [],
		...over,
	};
}

const job = (over: Partial<SamplingStage> = {}, signature: string | null = null): GpuJob => ({
	signature,
	stages: [stage(over)],
});

const random = seededRandom(1);

function after(device: Gpu, jobs: GpuJob[], from: GpuState = emptyGpuState()): GpuState {
	return jobs.reduce(
		(state, one) => stateAfterJob(device, state, one, planJob(device, state, one, random)),
		from,
	);
}

describe('time', () => {
	const run = (over: Partial<SamplingStage>, profile: Partial<GpuProfile> = {}): number =>
		planJob(gpu({ vramTotalBytes: 100 * GB, ...profile }), emptyGpuState(), job(over), random)
			.runSeconds;

	it('is fixed + steps x seconds x passes x megapixels x batch', () => {
		expect(run({})).toBeCloseTo(0.5 + 20 * 0.1 * 2, 9);
		expect(run({ steps: 10 })).toBeCloseTo(0.5 + 10 * 0.1 * 2, 9);
		expect(run({ width: 2000, batchSize: 3 })).toBeCloseTo(0.5 + 20 * 0.1 * 2 * 2 * 3, 9);
	});

	it('needs one pass where cfg is 1', () => {
		expect(run({ cfg: 1 })).toBeCloseTo(0.5 + 20 * 0.1, 9);
	});

	it('is divided by the speed factor, loads are not', () => {
		const fast = planJob(gpu({ speedFactor: 2 }), emptyGpuState(), job(), random);
		expect([fast.runSeconds, fast.loadSeconds]).toEqual([expect.closeTo(2.25, 9), 8]);
	});

	it('loads by bytes and bandwidth where no seconds are given', () => {
		const device = gpu({}, [model('a', { loadSeconds: null })]);
		expect(planJob(device, emptyGpuState(), job(), random).loadSeconds).toBe(3);
	});

	it('takes the timing of the same LoRAs, then of the nearest steps', () => {
		const timings = [
			{ loras: [], steps: 20, passes: 2 as const, secondsPerStep: 0.1, fixedSeconds: 0 },
			{ loras: ['x'], steps: 4, passes: 1 as const, secondsPerStep: 0.3, fixedSeconds: 0 },
			{ loras: ['x'], steps: 8, passes: 1 as const, secondsPerStep: 0.2, fixedSeconds: 0 },
		];
		const device = gpu({}, [model('a', { timings })]);
		const seconds = (over: Partial<SamplingStage>): number =>
			planJob(device, emptyGpuState(), job(over), random).runSeconds;
		expect(seconds({ loras: ['x'], steps: 8, cfg: 1 })).toBeCloseTo(1.6, 9);
		expect(seconds({ loras: ['x'], steps: 4, cfg: 1 })).toBeCloseTo(1.2, 9);
		expect(seconds({ steps: 4 })).toBeCloseTo(0.8, 9);
	});

	it('varies by its noise around the mean, the same for the same seed', () => {
		const noise = { cv: 0.2, tailProbability: 0, tailFactor: 1 };
		const sample = (seed: number): number[] => {
			const next = seededRandom(seed);
			return Array.from(
				{ length: 4000 },
				() => planJob(gpu({ noise }), emptyGpuState(), job(), next).runSeconds,
			);
		};
		const values = sample(7);
		const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
		const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
		expect(mean).toBeCloseTo(4.5, 1);
		expect(Math.sqrt(variance) / mean).toBeCloseTo(0.2, 1);
		expect(sample(7)).toEqual(values);
	});

	it('has slow runs as often and as slow as the tail says', () => {
		const noise = { cv: 0, tailProbability: 0.1, tailFactor: 3 };
		const next = seededRandom(3);
		const slow = Array.from({ length: 2000 }, () =>
			planJob(gpu({ noise }), emptyGpuState(), job(), next),
		).filter((plan) => plan.runSeconds > 5);
		expect(slow.length / 2000).toBeCloseTo(0.1, 1);
		expect(slow[0]?.runSeconds).toBeCloseTo(13.5, 9);
	});
});

describe('warmth', () => {
	const temperature = (state: GpuState, modelName = 'a'): string | undefined =>
		planJob(gpu(), state, job({ modelName }), random).stages[0]?.temperature;

	it('is cold first, warm after the same model, cold again after any other job', () => {
		expect(temperature(emptyGpuState())).toBe('cold');
		expect(temperature(after(gpu(), [job()]))).toBe('warm');
		expect(temperature(after(gpu(), [job(), job({ modelName: 'b' })]))).toBe('cold');
		expect(temperature(after(gpu(), [job(), { signature: null, stages: [] }]))).toBe('cold');
	});

	it('costs a part of the load after unload_models, all of it after free_memory', () => {
		const warm = after(gpu(), [job()]);
		const load = (state: GpuState): number => planJob(gpu(), state, job(), random).loadSeconds;
		expect(load(warm)).toBe(0);
		expect(load(unloadModels(warm))).toBeCloseTo(8 * 0.65, 9);
		expect(load(freeMemory(warm))).toBe(8);
	});

	it('serves the same prompt from the cache, but only right after itself', () => {
		const state = after(gpu(), [job({}, 'x')]);
		const repeated = planJob(gpu(), state, job({}, 'x'), random);
		expect(repeated).toMatchObject({ cached: true, totalSeconds: 0.001 });
		expect(planJob(gpu(), after(gpu(), [job({}, 'y')], state), job({}, 'x'), random).cached).toBe(
			false,
		);
	});

	it('keeps the weights of an interrupted job', () => {
		expect(temperature(endJob(after(gpu(), [job()]), null))).toBe('warm');
	});
});

describe('memory', () => {
	it('runs out while loading when the weights do not fit, while sampling when the peak does not', () => {
		const at = (vramTotalBytes: number) =>
			planJob(gpu({ vramTotalBytes }), emptyGpuState(), job(), random).oomAt;
		expect(at(5 * GB)).toBe('load');
		expect(at(7 * GB)).toBe('sampling');
		expect(at(8 * GB)).toBeNull();
	});

	it('unloads everything after an OOM; the next job loads again and works', () => {
		const device = gpu({ vramTotalBytes: 9 * GB });
		const state = after(device, [job(), job({ width: 3000 })]);
		expect(usedBytes(state)).toBe(0);
		const next = planJob(device, state, job(), random);
		expect([next.oomAt, next.stages[0]?.temperature]).toEqual([null, 'unloaded']);
	});

	it('is slower by the factor, not out of memory, in dynamic mode', () => {
		const device = gpu({ vramTotalBytes: 7 * GB, memoryMode: 'dynamic', dynamicSlowdown: 5 });
		const plan = planJob(device, emptyGpuState(), job(), random);
		expect(plan.oomAt).toBeNull();
		expect(plan.runSeconds).toBeCloseTo(0.5 + 5 * 4, 9);
		expect(plan.peakBytes).toBeLessThanOrEqual(7 * GB);
	});

	it('evicts the first model of a two-model job for the second', () => {
		const both: GpuJob = { signature: null, stages: [stage(), stage({ modelName: 'b' })] };
		expect(
			planJob(gpu({ vramTotalBytes: 9 * GB }), emptyGpuState(), both, random).oomAt,
		).toBeNull();
		expect([...after(gpu({ vramTotalBytes: 9 * GB }), [both]).resident.keys()]).toEqual(['b']);
		expect([...after(gpu({ vramTotalBytes: 20 * GB }), [both]).resident.keys()]).toEqual([
			'a',
			'b',
		]);
	});

	it('refuses an unknown model', () => {
		expect(() => planJob(gpu(), emptyGpuState(), job({ modelName: 'z' }), random)).toThrow(/"z"/);
	});
});

describe('invariants', () => {
	const jobs = fc.array(
		fc.record({
			modelName: fc.constantFrom('a', 'b'),
			width: fc.integer({ min: 64, max: 4000 }),
			batchSize: fc.integer({ min: 1, max: 4 }),
			coTenantGb: fc.integer({ min: 0, max: 12 }),
			free: fc.constantFrom('none', 'unload', 'all'),
		}),
		{ maxLength: 12 },
	);
	const profiles = fc.record({
		vramTotalBytes: fc.integer({ min: 1, max: 48 }).map((gb) => gb * GB),
		memoryMode: fc.constantFrom<GpuProfile['memoryMode']>('static', 'dynamic'),
	});

	it('never holds more than the device has, and its figures add up', () => {
		fc.assert(
			fc.property(profiles, jobs, (profile, steps) => {
				const device = gpu({ ...profile, contextBytes: 0.4 * GB });
				let state = emptyGpuState();
				for (const step of steps) {
					state = withCoTenant(device.profile, state, step.coTenantGb * GB);
					const one = job({ ...step, height: 1000 });
					const plan = planJob(device, state, one, random);
					const attainable = profile.vramTotalBytes - 0.4 * GB - state.coTenantBytes;
					if (!plan.oomAt) expect(plan.peakBytes).toBeLessThanOrEqual(attainable);
					state = stateAfterJob(device, state, one, plan);
					if (step.free === 'unload') state = unloadModels(state);
					if (step.free === 'all') state = freeMemory(state);
					const reading = memoryReading(device.profile, state);
					const live = reading.torchVramTotal - reading.torchVramFree;
					expect(live).toBe(Math.round(usedBytes(state)));
					expect(reading.vramFree + live).toBeLessThanOrEqual(reading.vramTotal);
				}
			}),
		);
	});

	it('never takes longer with more VRAM', () => {
		fc.assert(
			fc.property(profiles, fc.integer({ min: 64, max: 4000 }), (profile, width) => {
				const seconds = (extra: number): number => {
					const device = gpu({ ...profile, vramTotalBytes: profile.vramTotalBytes + extra });
					const plan = planJob(device, emptyGpuState(), job({ width }), random);
					return plan.oomAt ? Number.POSITIVE_INFINITY : plan.totalSeconds;
				};
				expect(seconds(4 * GB)).toBeLessThanOrEqual(seconds(0));
			}),
		);
	});
});
