/** A server that is being taken out of service: no new jobs, and the refusal says why. */
import { describe, expect, it } from 'vitest';

import { ModelRouter } from '../../../lib';
import { parseFleet } from '../../../lib/fleet/parse';
import { quickCatalog } from '../../support/generate-lab';

const device = { vram_total: 24e9, vram_free: 24e9, torch_vram_total: 0, torch_vram_free: 0 };
const request = { purpose: 'photo' };
const options = { nowMs: 1_800_000_000_000 };

function fleetOf(...servers: Record<string, unknown>[]) {
	return parseFleet({ servers: servers.map((server) => ({ devices: [device], ...server })) });
}

describe('a draining server', () => {
	it('gets no job, whether the catalog or the snapshot says so', () => {
		const router = new ModelRouter(quickCatalog({ servers: [{ name: 'b', draining: true }] }));
		const fleet = fleetOf({ name: 'a' }, { name: 'b' }, { name: 'c', draining: true });
		const taken = router.candidates(request, fleet, options).map((one) => one.server);
		expect([...new Set(taken)]).toEqual(['a']);
	});

	it('is in service again where the snapshot says so', () => {
		const router = new ModelRouter(quickCatalog({ servers: [{ name: 'b', draining: true }] }));
		const selection = router.select(request, fleetOf({ name: 'b', draining: false }), options);
		expect(selection.decision).toBe('selected');
	});

	it('is named as the reason where there is no other', () => {
		const router = new ModelRouter(quickCatalog());
		const selection = router.select(request, fleetOf({ name: 'b', draining: true }), options);
		expect(selection.decision).toBe('rejected');
		expect(JSON.stringify(selection.alternatives)).toContain('Server b is draining');
	});
});
