/** The one GPU of a stand-in: the pure state, the real changes to it, and their log. */
import {
	type Gpu,
	type GpuState,
	type MemoryReading,
	type OomPhase,
	type StagePlan,
	attainableBytes,
	beginJob,
	emptyGpuState,
	endJob,
	endJobWithOom,
	freeMemory,
	makeRoom,
	memoryReading,
	planStage,
	type SamplingStage,
	unloadModels,
	usedBytes,
	withActivation,
	withCoTenant,
	withModel,
} from '../gpu';
import type { EventLog } from './events';

/** One physical GPU under several stand-ins: what one uses, the others cannot have. */
export class SharedGpu {
	private readonly members = new Set<GpuDevice>();

	join(device: GpuDevice): void {
		this.members.add(device);
		for (const member of this.members) member.neighboursChanged(this.usedByOthers(member));
	}

	/** Live tensors and contexts of the other processes, bytes. */
	usedByOthers(device: GpuDevice): number {
		let sum = 0;
		for (const member of this.members) {
			if (member !== device) sum += member.usedBytes() + member.gpu.profile.contextBytes;
		}
		return sum;
	}

	changed(device: GpuDevice): void {
		for (const member of this.members) {
			if (member !== device) member.neighboursChanged(this.usedByOthers(member));
		}
	}
}

/** Raised where the peak does not fit. */
export class OutOfMemory extends Error {
	constructor(
		readonly phase: OomPhase | 'decode',
		readonly neededBytes: number,
	) {
		super('CUDA out of memory.');
	}
}

export class GpuDevice {
	private state: GpuState = emptyGpuState();
	/** Asked for by `setCoTenantBytes`, as far as it was granted. */
	private strangersBytes = 0;

	constructor(
		readonly gpu: Gpu,
		private readonly events: EventLog,
		private readonly shared: SharedGpu | null = null,
	) {
		shared?.join(this);
		this.logVram();
	}

	get current(): GpuState {
		return this.state;
	}

	get residentModels(): string[] {
		return [...this.state.resident.keys()];
	}

	reading(): MemoryReading {
		return memoryReading(this.gpu.profile, this.state);
	}

	/** Bytes that this process could still get without evicting anything. */
	freeBytes(): number {
		return Math.max(0, attainableBytes(this.gpu.profile, this.state) - usedBytes(this.state));
	}

	usedBytes(): number {
		return usedBytes(this.state);
	}

	/** Another process holds this much from now on (less, if less is free). Returns what it got. */
	setCoTenantBytes(bytes: number): number {
		const neighbours = this.shared?.usedByOthers(this) ?? 0;
		const next = withCoTenant(this.gpu.profile, this.state, bytes + neighbours);
		this.strangersBytes = Math.max(0, next.coTenantBytes - neighbours);
		this.change(next);
		return this.strangersBytes;
	}

	beginJob(modelNames: string[]): void {
		this.change(beginJob(this.state, modelNames));
	}

	/** The loader runs again: whatever was kept of the model is not what it will make. */
	forget(modelName: string): void {
		const kept = [...this.state.resident.keys(), ...this.state.cachedLoaders];
		this.change(
			beginJob(
				this.state,
				kept.filter((name) => name !== modelName),
			),
		);
	}

	/** The loader node has read the file; the weights are in RAM. */
	markLoaded(modelName: string): void {
		this.change({ ...this.state, cachedLoaders: new Set(this.state.cachedLoaders).add(modelName) });
	}

	plan(stage: SamplingStage, noise: number): StagePlan {
		return planStage(this.gpu, this.state, stage, noise);
	}

	/**
	 * Weights and working memory go to VRAM, other models make room.
	 * @throws OutOfMemory
	 */
	occupy(plan: StagePlan): void {
		const neededBytes = plan.weightsBytes + plan.activationBytes;
		if (plan.oomAt) throw new OutOfMemory(plan.oomAt, neededBytes);
		const room = makeRoom(
			this.gpu.profile,
			this.state,
			plan.modelName,
			plan.weightsBytes,
			plan.activationBytes,
		);
		const loaded = withModel(room.state, plan.modelName, plan.weightsBytes);
		this.change(withActivation(loaded, plan.activationBytes));
	}

	release(): void {
		this.change(withActivation(this.state, 0));
	}

	endJob(outOfMemory: boolean): void {
		this.change(outOfMemory ? endJobWithOom(this.state) : endJob(this.state, null));
	}

	free(options: { unloadModels: boolean; freeMemory: boolean }): void {
		if (options.freeMemory) this.change(freeMemory(this.state));
		else if (options.unloadModels) this.change(unloadModels(this.state));
	}

	/** The process is gone and everything it held with it; other processes stay. */
	reset(): void {
		this.change({ ...emptyGpuState(), coTenantBytes: this.state.coTenantBytes });
	}

	/** A neighbour on the same device took or gave back memory. */
	neighboursChanged(usedByOthers: number): void {
		this.state = { ...this.state, coTenantBytes: this.strangersBytes + usedByOthers };
		this.logVram();
	}

	private change(next: GpuState): void {
		const before = usedBytes(this.state);
		const coTenantBefore = this.state.coTenantBytes;
		this.state = next;
		const used = usedBytes(next);
		if (used !== before || next.coTenantBytes !== coTenantBefore) this.logVram();
		if (used !== before) this.shared?.changed(this);
	}

	private logVram(): void {
		this.events.append({
			type: 'vram',
			usedBytes: usedBytes(this.state),
			coTenantBytes: this.state.coTenantBytes,
			totalBytes: this.gpu.profile.vramTotalBytes,
		});
	}
}
