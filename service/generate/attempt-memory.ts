/** What an attempt says about memory: what was available, and whether a slow run was a memory failure. Pure. */
import { DEFAULT_VRAM_RESERVE_GB } from '../../lib/catalog/defaults';
import { observedStepSeconds, type StepObservation } from '../../lib/degradation';
import { isSlowByPaging } from '../../lib/execution/outcome';
import type { FleetSnapshot } from '../../lib/fleet/types';
import type { SelectedDecision } from '../../lib/selection/types';
import { BYTES_PER_GB } from '../../lib/units';
import type { AttemptEnd } from './attempt-end';

/** Bytes a run could get on the server: free, and what ComfyUI itself holds, less the reserve. null: unknown. */
export function availableOn(fleet: FleetSnapshot, name: string): number | null {
	const server = fleet.servers.find((one) => one.name === name);
	const device = server?.devices[0];
	// on cpu and mps these are the machine's memory, which says nothing about one process
	if (!device || device.type === 'cpu' || device.type === 'mps') return null;
	const held = device.torch_vram_total - device.torch_vram_free;
	const reserve = (server?.vram_reserve_gb ?? DEFAULT_VRAM_RESERVE_GB) * BYTES_PER_GB;
	return Math.min(device.vram_total, device.vram_free + held) - reserve;
}

/** What tells that weights were paged: the pace of the steps, or only the time of the whole, which a slow disk explains, too. */
export type Paging = 'by its steps' | 'by its time';

/** @param observations steps of the sampler: enough to tell even where the run was stopped early */
export function slowByPaging(
	{ entry }: Pick<AttemptEnd, 'entry'>,
	{ estimate, server }: SelectedDecision,
	fleet: FleetSnapshot,
	observations: readonly StepObservation[],
): Paging | null {
	const memory = {
		availableBytes: availableOn(fleet, server),
		peakBytes: estimate.vram_peak_bytes,
	};
	const perStep = observedStepSeconds(observations);
	const steps = observations.at(-1)?.max ?? 0;
	if (perStep !== null) {
		const run = { seconds: perStep * steps, expectedSeconds: estimate.run_seconds };
		return isSlowByPaging({ ...run, ...memory }) ? 'by its steps' : null;
	}
	if (entry === null || entry.startedMs === null || entry.endedMs === null) return null;
	const whole = {
		seconds: (entry.endedMs - entry.startedMs) / 1000,
		expectedSeconds: estimate.load_seconds + estimate.run_seconds,
	};
	return isSlowByPaging({ ...whole, ...memory }) ? 'by its time' : null;
}
