import { describe, expect, it } from 'vitest';

import { RouterError } from '../../../lib/errors';
import { ModelRouter } from '../../../lib/router/model-router';
import type { SelectOptions } from '../../../lib/selection/types';
import { catalogOf, fleetOf, rejected, select, selected, serverOf } from './builders';

const catalog = catalogOf([{ name: 'model' }]);
const fleet = fleetOf(serverOf('a'));

/** Options as a program without types might pass them. */
function problemPaths(options: Record<string, unknown>): string[] {
	try {
		select(catalog, fleet, {}, options as Partial<SelectOptions>);
		return [];
	} catch (error) {
		expect(error).toBeInstanceOf(RouterError);
		expect((error as RouterError).code).toBe('OPTIONS_INVALID');
		return (error as RouterError).problems.map((problem) => problem.path);
	}
}

describe('options of a decision', () => {
	it.each([
		[{ nowMs: NaN }, ['nowMs']],
		[{ demand: 3 }, ['demand']],
		[{ demand: { arrivals_per_second: '1' } }, ['demand.arrivals_per_second']],
		[
			{ demand: { arrivals_per_second: 1, gpu_seconds_per_job: -3 } },
			['demand.gpu_seconds_per_job'],
		],
		[{ calibration: {} }, ['calibration']],
		[{ calibration: [null, { model_name: 3 }] }, ['calibration[0]', 'calibration[1].model_name']],
		[
			{ calibration: [{ model_name: 'model', preset: 1, time_factor: 0, vram_factor: NaN }] },
			['calibration[0].preset', 'calibration[0].time_factor', 'calibration[0].vram_factor'],
		],
		[{ quotas: {} }, ['quotas']],
		[{ quotas: [null] }, ['quotas[0]']],
		[
			{ quotas: [{ images_left: 'x', cost_left: Infinity }] },
			['quotas[0].user_id', 'quotas[0].images_left', 'quotas[0].cost_left'],
		],
	])('refuses %j naming every fault', (options, paths) => {
		expect(problemPaths(options)).toEqual(paths);
	});

	it('takes null for not given', () => {
		expect(problemPaths({ demand: null, calibration: null, quotas: null })).toEqual([]);
		const entry = { model_name: 'model', preset: null, server: null, time_factor: null };
		expect(problemPaths({ calibration: [entry] })).toEqual([]);
		const quota = { user_id: 'u', images_left: null } as never;
		selected(select(catalog, fleet, { user_id: 'u' }, { quotas: [quota] }));
	});

	it('still knows a quota that is used up', () => {
		const answer = select(
			catalog,
			fleet,
			{ user_id: 'u' },
			{ quotas: [{ user_id: 'u', images_left: 0 }] },
		);
		expect(rejected(answer).rejection.code).toBe('QUOTA');
	});
});

describe('a fleet with gaps', () => {
	const gappy = { servers: [{ name: 'a' }, { name: 'b', reachable: false }] } as never;
	const router = new ModelRouter(catalog);

	it('is understood by every question', () => {
		const options = { nowMs: 0 };
		expect(router.select({ purpose: 'photo' }, gappy, options).decision).toBe('rejected');
		expect(router.candidates({ purpose: 'photo' }, gappy, options)).toEqual([]);
	});

	it('a server without a device: the hint says what is missing, not to free memory', () => {
		const { rejection } = rejected(router.select({ purpose: 'photo' }, gappy, { nowMs: 0 }));
		expect(rejection.code).toBe('VRAM');
		expect(rejection.hint).toMatch(/\/system_stats/);
	});
});
