/** The number that a prompt is submitted with. */
import { describe, expect, it } from 'vitest';

import type { QueuedJob } from '../../../lib/fleet/types';
import { explicitNumber } from '../../../service/generate/explicit-number';
import { queued } from '../router/builders';

const ours = (number: number, more: Partial<QueuedJob> = {}): QueuedJob =>
	queued({
		model_name: 'fast',
		deadline_seconds: 100,
		own: true,
		queue_number: number,
		...more,
	});
const foreign = (number: number): QueuedJob => queued({ queue_number: number, own: false });

describe('the number of a prompt', () => {
	it('is what was decided where it goes before jobs of ours, whatever number the running one has', () => {
		expect(explicitNumber(3.5, [foreign(3), ours(4), ours(5)])).toBe(3.5);
		expect(explicitNumber(3, [ours(9, { running: true }), ours(4)])).toBe(3);
	});

	it('is left to the server where it goes behind all', () => {
		expect(explicitNumber(6, [ours(4), ours(5)])).toBeUndefined();
		expect(explicitNumber(0, [])).toBeUndefined();
		expect(explicitNumber(null, [ours(4)])).toBeUndefined();
	});

	it('is left to the server where somebody else has come since, who would be passed', () => {
		expect(explicitNumber(3.5, [ours(4), foreign(5)])).toBeUndefined();
	});
});
