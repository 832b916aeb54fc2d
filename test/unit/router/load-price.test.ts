/** What GPU time costs, by who else wants it. */
import { describe, expect, it } from 'vitest';

import { demandPrice, demandSeen, MOST_LOAD } from '../../../lib/router/load-price';
import { ModelRouter } from '../../../lib/router/model-router';
import { prepareCatalog } from '../../../lib/router/prepared-catalog';
import { serverStates } from '../../../lib/router/server-state';
import { catalogOf, fleetOf, NOW_MS, queued, serverOf } from './builders';

const catalog = catalogOf([{ name: 'photo', loadSeconds: 10, presets: [{ seconds: 10 }] }]);
const prepared = prepareCatalog(catalog);
const servers = serverStates(fleetOf(serverOf('a'), serverOf('b')), prepared);
const priceAt = (load: number): number =>
	demandPrice({ arrivals_per_second: (load * 2) / 10 }, servers, prepared);

describe('the price of GPU time', () => {
	it('grows with the load, as far as it tells more than what waits does', () => {
		expect(priceAt(1)).toBeCloseTo(2 * priceAt(0.5));
		expect(priceAt(20)).toBe(priceAt(MOST_LOAD));
		expect(priceAt(MOST_LOAD)).toBeGreaterThan(priceAt(MOST_LOAD - 0.1));
	});

	it('is nothing without demand', () => {
		for (const demand of [null, undefined, { arrivals_per_second: 0 }])
			expect(demandPrice(demand, servers, prepared)).toBe(0);
	});
});

describe('demand that nobody tells', () => {
	it('is what the jobs in the system say, by how long they are there', () => {
		// 3 jobs that have waited 5 s in the mean and have 15 s left
		expect(demandSeen(3, 15, servers, prepared)?.arrivals_per_second).toBeCloseTo(3 / 20);
		expect(demandSeen(0, 0, servers, prepared)).toBeNull();
		expect(demandSeen(3, 15, [], prepared)).toBeNull();
	});

	it('lets a job that has time wait for the loaded model, beside an idle server without it', () => {
		const running = queued({ model_name: 'photo', remaining_seconds: 14, running: true });
		const fleet = fleetOf(
			serverOf('a', { loaded_model: 'photo', queue: [running] }),
			serverOf('b'),
		);
		const request = { job_id: 'one', purpose: 'photo', deadline_seconds: 120, explain: false };
		const waiting = [{ request, waiting_seconds: 0 }];
		const router = new ModelRouter(catalog);
		const started = (options: object): number =>
			router.dispatch(waiting, fleet, { nowMs: NOW_MS, ...options }).start.length;
		expect(started({})).toBe(0);
		expect(started({ demand: { arrivals_per_second: 0 } })).toBe(1);
	});
});

describe('a long list without demand told', () => {
	it('is not left to one server beside an idle one, whatever time it has', () => {
		const running = queued({ model_name: 'photo', remaining_seconds: 9, running: true });
		const fleet = fleetOf(
			serverOf('a', { loaded_model: 'photo', queue: [running] }),
			serverOf('b'),
		);
		const waiting = Array.from({ length: 12 }, (_, i) => ({
			request: { job_id: `${i}`, purpose: 'photo', deadline_seconds: 3600, explain: false },
			waiting_seconds: 0,
		}));
		const { start } = new ModelRouter(catalog).dispatch(waiting, fleet, { nowMs: NOW_MS });
		expect(start.map((one) => one.decision === 'selected' && one.server)).toEqual(['b']);
	});
});
