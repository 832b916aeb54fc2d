import { describe, expect, it } from 'vitest';

import type { FleetView, PolicyDefinition, ReplayResult } from '../../../simulator/replay/types';
import { commitPolicy, fleet, photo, run, scripted, server, truth } from './lab';

/** Start of each job's last run, in the trace's order. */
function starts(result: ReplayResult): (number | null)[] {
	return result.outcomes.map((outcome) => outcome.startedAtSeconds);
}

function ends(result: ReplayResult): number[] {
	return result.outcomes.map((outcome) => outcome.endedAtSeconds);
}

describe('memory', () => {
	const tooBig = truth({ vram_factor: { big: 1.25 } });

	it('fails a run whose true peak does not fit, unloads and decides again without that model', () => {
		const policy = commitPolicy((job, view) => {
			const candidate = view.candidates(job)[0];
			return candidate ? { candidate, serverIndex: 0 } : null;
		});
		const result = run({ trace: [photo(0)], truth: tooBig, policy });
		// 4 s load and 5 % of the 10 s run until it fails; then the small one, cold
		expect(result.ooms).toMatchObject([
			{ modelName: 'big', atSeconds: 4.5, tookAfterCommitment: false },
		]);
		expect(result.outcomes[0]).toMatchObject({
			modelName: 'small',
			endedAtSeconds: 7.5,
			attempts: 2,
		});
		expect(result.busySeconds).toEqual([7.5]);
	});

	it('gives up a job that runs out of memory twice', () => {
		const everything = truth({ vram_factor: { big: 4, small: 4 } });
		const policy = commitPolicy((job, view) => {
			const candidate = view.candidates(job)[0];
			return candidate ? { candidate, serverIndex: 0 } : null;
		});
		const result = run({ trace: [photo(0)], truth: everything, policy });
		expect(result.outcomes[0]).toMatchObject({ status: 'failed', onTime: false, quality: 0 });
		expect(result.ooms).toHaveLength(2);
	});

	it('slows the run down fivefold instead where weights are paged', () => {
		const result = run({
			trace: [photo(0)],
			truth: { ...tooBig, dynamic_vram: true },
			policy: scripted({ model: 'big' }),
		});
		expect(ends(result)).toEqual([54]);
		expect(result.ooms).toEqual([]);
	});

	it('knows an OOM by memory that a co-tenant took after the job was bound, and lets the model be tried again', () => {
		const result = run({
			trace: [photo(0), photo(0)],
			truth: truth({ co_tenant: [{ server: 'one', at_seconds: 1, for_seconds: 5, bytes: 10e9 }] }),
			policy: scripted({ model: 'small' }, { model: 'big' }),
		});
		expect(result.ooms).toMatchObject([{ jobIndex: 1, atSeconds: 7.5, tookAfterCommitment: true }]);
		expect(result.outcomes[1]).toMatchObject({
			status: 'done',
			modelName: 'big',
			endedAtSeconds: 21.5,
		});
	});

	it('is shared by servers of one physical GPU: what one holds the other cannot get', () => {
		const shared = fleet(
			server('a', { gpu_group: 'g' }),
			server('b', { gpu_group: 'g' }),
			server('c'),
		);
		const seen: number[][] = [];
		const policy = commitPolicy((job, view) => {
			seen.push(view.servers.map((entry) => entry.availableBytes / 1e9));
			return { candidate: view.candidates(job)[1]!, serverIndex: 0 };
		});
		run({ fleet: shared, trace: [photo(0), photo(1), photo(50)], policy });
		// 8 GB while the job runs, its 6 GB of weights afterwards
		expect(seen).toEqual([
			[23.5, 23.5, 23.5],
			[23.5, 15.5, 23.5],
			[23.5, 17.5, 23.5],
		]);
	});

	it('that was missing when a run failed is what is learned from it, not what is there later', () => {
		const seen: FleetView[] = [];
		const watching: PolicyDefinition = {
			...commitPolicy(() => null),
			learns: true,
			create: () => ({
				kind: 'commit',
				decide: (job, view) => {
					seen.push(view);
					return { candidate: view.candidates(job)[0]!, serverIndex: 0 };
				},
			}),
		};
		run({
			trace: [photo(0), photo(0)],
			truth: truth({ co_tenant: [{ server: 'one', at_seconds: 1, for_seconds: 14, bytes: 8e9 }] }),
			policy: watching,
		});
		// the second run finds 16 of its 20 GB at 14 s and fails at 14.5 s, decided again at once
		expect(seen[2]!.calibration[0]!.vram_factor).toBe(1);
	});

	it('shows the policy the memory that is left, the reserve taken off', () => {
		const seen: number[] = [];
		const policy = commitPolicy((job, view) => {
			seen.push(view.servers[0]!.availableBytes);
			return { candidate: view.candidates(job)[1]!, serverIndex: 0 };
		});
		run({
			trace: [photo(0), photo(5), photo(20)],
			truth: truth({ co_tenant: [{ server: 'one', at_seconds: 4, for_seconds: 10, bytes: 6e9 }] }),
			policy,
		});
		expect(seen).toEqual([23.5e9, 17.5e9, 23.5e9]);
	});

	it('asks again when a co-tenant leaves about a job that could not be placed', () => {
		const policy = commitPolicy((job, view) => {
			const candidate = view.candidates(job)[0]!;
			return candidate.peakBytes <= view.servers[0]!.availableBytes
				? { candidate, serverIndex: 0 }
				: null;
		});
		const result = run({
			trace: [photo(2)],
			truth: truth({ co_tenant: [{ server: 'one', at_seconds: 1, for_seconds: 9, bytes: 6e9 }] }),
			policy,
		});
		expect(starts(result)).toEqual([10]);
	});
});
