import { describe, expect, it } from 'vitest';

import { type RouterError } from '../../../lib/errors';
import { parseSelected } from '../../../lib/selection/parse';
import { ModelRouter } from '../../../lib/router/model-router';
import { quickCatalog } from '../../support/generate-lab';

const fleet = {
	servers: [
		{
			name: 'a',
			url: 'http://a',
			reachable: true,
			hourly_cost: null,
			gpu_group: null,
			speed_factor: 1,
			devices: [
				{
					name: 'cuda:0',
					type: 'cuda',
					vram_total: 24e9,
					vram_free: 23e9,
					torch_vram_total: 0,
					torch_vram_free: 0,
				},
			],
			queue: [],
			loaded_model: null,
			installed_files: null,
		},
	],
};
const select = (request: object) =>
	new ModelRouter(quickCatalog()).select(request, fleet as never, { nowMs: 1e12 });
const fault = (value: unknown): RouterError => {
	try {
		parseSelected(value);
	} catch (error) {
		return error as RouterError;
	}
	throw new Error('It was accepted.');
};

describe('a selection that comes back as JSON', () => {
	it('is what it was, but for the alternatives', () => {
		const selection = select({ purpose: 'photo', seed: 7, job_id: 'j' });
		const back = parseSelected(JSON.parse(JSON.stringify(selection)));
		expect(back).toEqual({ ...JSON.parse(JSON.stringify(selection)), alternatives: [] });
	});

	it('is refused with every fault when something changed it on the way', () => {
		const selection = JSON.parse(JSON.stringify(select({ purpose: 'photo' })));
		delete selection.server;
		selection.parameters.steps = 'many';
		const error = fault(selection);
		expect(error.code).toBe('REQUEST_INVALID');
		expect(error.problems.map(({ path }) => path).sort()).toEqual(['parameters.steps', 'server']);
	});

	it('tells its own reason where it is a rejection', () => {
		const rejected = select({ purpose: 'photo', min_quality: 1 });
		expect(fault(rejected)).toMatchObject({
			code: 'NOT_SERVED',
			message: rejected.selection_reason,
		});
		expect(fault(null).code).toBe('REQUEST_INVALID');
	});
});
