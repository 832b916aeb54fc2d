/** Going lower for the deadline's sake, on stand-ins whose truth differs from the catalog. */
import { afterEach, describe, expect, it } from 'vitest';

import { type Lab, type LabOptions, openLab } from '../../support/generate-lab';

let lab: Lab;
afterEach(() => lab.close());

async function open(options: LabOptions = {}): Promise<Lab> {
	lab = await openLab({ speedUp: 1, ...options });
	return lab;
}

const photo = { purpose: 'photo', prompt: 'a cat', explain: false };

describe('A fleet that was under load', () => {
	it('goes down and never up while it lasts, and gives full quality as soon as it is over', async () => {
		const { generator } = await open({ speedUp: 2 });
		const request = { ...photo, deadline_seconds: 3, min_quality: 0.5 };
		const burst = await generator.generate(Array.from({ length: 12 }, () => ({ request })));
		expect(burst.every((one) => one.status === 'done')).toBe(true);
		expect(burst.some((one) => one.degraded)).toBe(true);
		// what runs is let run: a job that is on its way down never goes up again
		for (const { attempts } of burst) {
			const qualities = attempts.map((one) => one.quality);
			expect(qualities).toEqual([...qualities].sort((a, b) => b - a));
			expect(Math.min(...qualities)).toBeGreaterThanOrEqual(0.5);
		}
		const calm = { ...photo, deadline_seconds: 20, min_quality: 0.5 };
		const [after] = await generator.generate([{ request: calm }]);
		expect(after).toMatchObject({
			degraded: false,
			attempts: [{ model_name: 'heavy', preset: 'full', quality: 0.9, rung: null }],
		});
	});
});

describe('Before a job runs', () => {
	it('takes the best rung that still makes the deadline, and says what was given up', async () => {
		const { generator } = await open();
		const request = { ...photo, deadline_seconds: 1.1, min_quality: 0.6 };
		const [result] = await generator.generate([{ request }]);
		expect(result?.status).toBe('done');
		expect(
			result?.selection?.decision === 'selected' && result.selection.estimate.quality,
		).toBeLessThan(0.9);
		expect(result?.on_time).toBe(true);
	});

	it('never goes below the floor', async () => {
		const { generator } = await open();
		const request = { ...photo, deadline_seconds: 0.3, min_quality: 0.7 };
		const [result] = await generator.generate([{ request }]);
		expect(result?.attempts.every((attempt) => attempt.quality >= 0.7)).toBe(true);
		expect(result?.status).toBe('done');
	});

	it('leaves everything as an idle fleet would have it where it is switched off', async () => {
		const { generator } = await open();
		const request = { ...photo, deadline_seconds: 6 };
		const items = Array.from({ length: 5 }, () => ({ request }));
		const results = await generator.generate(items, { autoQuality: false });
		expect(results.map((one) => one.attempts[0]?.preset)).toEqual(items.map(() => 'full'));
		expect(results.map((one) => one.attempts[0]?.model_name)).toEqual(items.map(() => 'heavy'));
	});

	it('refuses what would be late where a late image is not wanted', async () => {
		const { generator, standIns } = await open();
		const request = { ...photo, deadline_seconds: 0.2, if_late: 'reject' };
		const [result] = await generator.generate([{ request }]);
		expect(result).toMatchObject({ status: 'failed', error: { code: 'NOT_SERVED' } });
		expect(result?.selection?.rejection).toMatchObject({ code: 'LATE' });
		expect(standIns[0]?.events.of('submitted')).toHaveLength(0);
	});
});

describe('A model that turns out not to fit, on a card that pages weights instead of running out', () => {
	const paged = {
		vramBytes: 12e9,
		gpu: { memoryMode: 'dynamic' as const, dynamicSlowdown: 5 },
		truth: { vramFactor: { heavy: 1.5 } },
	};

	it('is slow once: that counts as a memory failure, and the next job takes what fits', async () => {
		const { generator, standIns } = await open(paged);
		const request = { ...photo, deadline_seconds: 60 };
		const [first] = await generator.generate([{ request }]);
		expect(first).toMatchObject({
			status: 'done',
			attempts: [{ model_name: 'heavy', state: 'done', slow_by_paging: true }],
		});
		expect(standIns[0]?.events.of('oom')).toEqual([]);
		const [second] = await generator.generate([{ request }]);
		expect(second?.attempts).toMatchObject([{ model_name: 'light', slow_by_paging: false }]);
	});

	it('is known by the pace of its steps where the deadline ends it early', async () => {
		const { generator } = await open(paged);
		const [result] = await generator.generate([{ request: { ...photo, deadline_seconds: 3.5 } }]);
		expect(result?.attempts).toMatchObject([
			{ model_name: 'heavy', state: 'interrupted', slow_by_paging: true },
			{ model_name: 'light', state: 'done' },
		]);
		expect(generator.learned()).toMatchObject([{ model_name: 'heavy' }]);
	});
});

describe('While a job runs', () => {
	it('stops a run that turns out too slow, and restarts lower in time', async () => {
		const { generator, standIns } = await open({ truth: { timeFactor: { heavy: 12 } } });
		const request = { ...photo, deadline_seconds: 7 };
		const [result] = await generator.generate([{ request }]);
		expect(result).toMatchObject({
			status: 'done',
			degraded: true,
			on_time: true,
			attempts: [
				{ model_name: 'heavy', state: 'interrupted', status: 'timeout' },
				{ state: 'done', status: 'success' },
			],
		});
		expect(result?.attempts[1]?.rung).not.toBeNull();
		expect(standIns[0]?.events.of('interrupted')).toHaveLength(1);
	});

	it('lets it finish late where nothing lower is allowed', async () => {
		const { generator, standIns } = await open({ truth: { timeFactor: { heavy: 3 } } });
		const request = { ...photo, deadline_seconds: 2, min_quality: 0.9 };
		const [result] = await generator.generate([{ request }]);
		expect(result).toMatchObject({ status: 'done', on_time: false, degraded: false });
		expect(standIns[0]?.events.of('interrupted')).toHaveLength(0);
	});

	it('stops it where nothing lower makes it and a late image is not wanted', async () => {
		const { generator, standIns } = await open({ truth: { timeFactor: { heavy: 4 } } });
		const request = { ...photo, deadline_seconds: 2, min_quality: 0.9, if_late: 'reject' };
		const [result] = await generator.generate([{ request }]);
		expect(result).toMatchObject({
			status: 'failed',
			error: { code: 'DEADLINE_MISSED' },
			attempts: [{ state: 'interrupted', status: 'timeout' }],
		});
		expect(standIns[0]?.events.of('finished')).toHaveLength(0);
	});
});
