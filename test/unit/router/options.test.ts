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

describe('what the snapshot does not say of a server', () => {
	const known = { name: 'a', url: 'http://10.0.0.9:8188', hourly_cost: 3.6, speed_factor: 2 };
	const priced = catalogOf([{ name: 'model' }], { servers: [known] });
	const { url, hourly_cost, ...bare } = serverOf('a');

	it('is taken from the catalog', () => {
		const { server_url, estimate } = selected(select(priced, fleetOf(bare), {}));
		expect(server_url).toBe('http://10.0.0.9:8188');
		expect(estimate.run_seconds).toBeCloseTo(5, 9);
		expect(estimate.cost).toBeCloseTo((5 + 5) * 0.001, 9);
	});

	it('what it says wins', () => {
		const own = { ...bare, url, hourly_cost, speed_factor: 1 };
		const { server_url, estimate } = selected(select(priced, fleetOf(own), {}));
		expect(server_url).toBe('http://a:8188');
		expect(estimate.run_seconds).toBeCloseTo(10, 9);
		expect(estimate.cost_unit).toBe('USD');
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
