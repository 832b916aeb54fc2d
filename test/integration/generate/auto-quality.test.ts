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

describe('While a job runs', () => {
	it('stops a run that turns out too slow, and restarts lower in time', async () => {
		const { generator, standIns } = await open({ truth: { timeFactor: { heavy: 4 } } });
		const request = { ...photo, deadline_seconds: 2.6 };
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
