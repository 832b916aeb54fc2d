/** What one job's setbacks teach all jobs of the fleet: memory margins, missing files, servers to leave alone. */
import { afterMemoryFailure } from '../../lib/execution/memory-margins';
import type { FleetSnapshot } from '../../lib/fleet/types';
import type { SelectedDecision } from '../../lib/selection/types';
import type { AttemptEnd } from './attempt-end';
import { availableOn, type Paging } from './attempt-memory';
import { internal } from './failures';
import type { Next } from './job-attempt';
import type { WaitingRoom } from './waiting-room';

export class Lessons {
	private freedPlace: string | null = null;

	constructor(
		private readonly room: WaitingRoom,
		private readonly signal?: AbortSignal,
	) {}

	/** True where this model was given an emptied device on this server before. */
	freedFor(next: Next): boolean {
		return this.freedPlace === placeOf(next);
	}

	/** A pace that only paging explains means that the memory there is not enough, as a failure on an emptied device does. */
	slow(next: Next, paging: Paging): void {
		const available = availableOn(next.fleet, next.claim.server);
		this.memory(next, available, paging === 'by its steps');
	}

	fromSetback(end: AttemptEnd, selection: SelectedDecision): void {
		const { view } = this.room;
		if (
			end.setback === 'output_gone' ||
			end.setback === 'refused' ||
			(end.setback === 'unreachable' && end.neverSubmitted)
		) {
			view.coolDown(selection.server, end.error ?? internal());
		}
		if (end.setback === 'unsupported') {
			const { checkpoint, diffusion_model } = selection.files;
			// its weights are of no use there; what it shares with other models is
			view.markMissing(selection.server, [diffusion_model ?? checkpoint ?? '']);
		}
		if (end.setback !== 'not_installed') return;
		const message = end.error?.message ?? '';
		const needed = filesOf(selection);
		const named = needed.filter((file) => message.includes(file));
		view.markMissing(selection.server, named.length > 0 ? named : needed);
	}

	/** Empties the device. @returns the fleet after it, or null where the memory is not there even so */
	async freed(next: Next): Promise<FleetSnapshot | null> {
		const { view } = this.room;
		const { server } = next.claim;
		this.freedPlace = placeOf(next);
		const all = { unloadModels: true, freeMemory: true };
		await view
			.port(server)
			.free(all, this.signal)
			.catch(() => undefined);
		const fleet = await view.read();
		const available = availableOn(fleet, server);
		this.memory(next, available, false);
		const peak = next.way.selection.estimate.vram_peak_bytes;
		return available !== null && available < peak ? null : fleet;
	}

	/** The same model failed on an emptied device. */
	async secondFailure(next: Next): Promise<void> {
		const fleet = await this.room.view.read();
		this.memory(next, availableOn(fleet, next.claim.server), true);
	}

	private memory(next: Next, availableBytes: number | null, isTooLittle: boolean): void {
		this.room.margins = afterMemoryFailure(this.room.margins, {
			modelName: next.way.selection.model_name,
			peakBytes: next.way.selection.estimate.vram_peak_bytes,
			availableBytes,
			isTooLittle,
		});
	}
}

function placeOf({ way, claim }: Next): string {
	return `${way.selection.model_name} on ${claim.server}`;
}

function filesOf({ files, parameters }: SelectedDecision): string[] {
	const loras = parameters.loras.map((lora) => lora.file);
	const { checkpoint, diffusion_model, vae, text_encoders } = files;
	return [...loras, checkpoint, diffusion_model, vae, ...(text_encoders ?? [])].filter(
		(file): file is string => file !== undefined,
	);
}
