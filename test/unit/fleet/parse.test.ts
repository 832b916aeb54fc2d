import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { RouterError } from '../../../lib/errors';
import { parseFleet } from '../../../lib/fleet/parse';

const device = { vram_total: 24e9, vram_free: 20e9, torch_vram_total: 3e9, torch_vram_free: 1e9 };
const job = {
	job_id: 'j',
	model_name: null,
	remaining_seconds: null,
	deadline_seconds: -3,
	queue_number: -7.5,
	running: true,
};
const complete = {
	servers: [
		{
			name: 'a',
			url: 'http://a',
			reachable: true,
			hourly_cost: null,
			gpu_group: 'g',
			speed_factor: 2,
			devices: [{ ...device, extra: 1 }],
			queue: [job],
			loaded_model: null,
			installed_files: ['x'],
			more: {},
		},
	],
	taken_at: 'now',
};

function problemsOf(json: unknown): string[] {
	try {
		parseFleet(json);
	} catch (error) {
		expect(error).toMatchObject({ code: 'FLEET_INVALID' });
		return (error as RouterError).problems.map((problem) => problem.path);
	}
	return [];
}

describe('parseFleet', () => {
	it('gives a complete snapshot back as it is', () => {
		expect(parseFleet(complete)).toBe(complete);
		const empty = { servers: [] };
		expect(parseFleet(empty)).toBe(empty);
	});

	it('fills what may be missing, keeps what it does not know, and leaves the input alone', () => {
		const given = {
			note: 'x',
			servers: [{ name: 'a', gpu: 'A', devices: [{ vram_total: 8, vram_free: 4 }], queue: [{}] }],
		};
		const before = structuredClone(given);
		expect(parseFleet(given)).toEqual({
			note: 'x',
			servers: [
				{
					name: 'a',
					gpu: 'A',
					reachable: true,
					devices: [{ vram_total: 8, vram_free: 4, torch_vram_total: 0, torch_vram_free: 0 }],
					queue: [
						{
							job_id: 'unknown-0',
							model_name: null,
							remaining_seconds: null,
							deadline_seconds: null,
							queue_number: 0,
							running: false,
						},
					],
					loaded_model: null,
					installed_files: null,
				},
			],
		});
		expect(given).toEqual(before);
	});

	it('names every fault at once', () => {
		const json = {
			servers: [
				{
					name: '',
					reachable: 'yes',
					speed_factor: 0,
					hourly_cost: -1,
					devices: [{ vram_total: NaN, vram_free: '8' }, 3],
					queue: [{ job_id: 5, remaining_seconds: -1, queue_number: Infinity, running: 1 }],
					installed_files: ['a', 7],
				},
				'x',
				{ name: 'b', queue: {} },
				{ name: 'b', loaded_model: 7 },
			],
		};
		expect(problemsOf(json)).toEqual([
			'servers[0].name',
			'servers[0].reachable',
			'servers[0].hourly_cost',
			'servers[0].speed_factor',
			'servers[0].installed_files',
			'servers[0].devices[0].vram_total',
			'servers[0].devices[0].vram_free',
			'servers[0].devices[1]',
			'servers[0].queue[0].job_id',
			'servers[0].queue[0].remaining_seconds',
			'servers[0].queue[0].queue_number',
			'servers[0].queue[0].running',
			'servers[1]',
			'servers[2].queue',
			'servers[3].loaded_model',
			'servers[3].name',
		]);
	});

	it.each([[null], [[]], ['x'], [7], [{}], [{ servers: {} }]])('refuses %j', (json) => {
		expect(problemsOf(json).length).toBe(1);
	});

	it('accepts what it has completed, untouched, whatever it was', () => {
		const number = fc.oneof(fc.double(), fc.constant(undefined), fc.constant(null));
		const server = fc.record({
			name: fc.string(),
			reachable: fc.option(fc.boolean(), { nil: undefined }),
			loaded_model: fc.option(fc.string()),
			speed_factor: number,
			queue: fc.option(fc.array(fc.record({ job_id: fc.string(), remaining_seconds: number }))),
		});
		fc.assert(
			fc.property(fc.record({ servers: fc.array(server) }), (json) => {
				let fleet;
				try {
					fleet = parseFleet(json);
				} catch (error) {
					expect(error).toBeInstanceOf(RouterError);
					return;
				}
				expect(parseFleet(fleet)).toBe(fleet);
			}),
			{ numRuns: 500 },
		);
	});
});
