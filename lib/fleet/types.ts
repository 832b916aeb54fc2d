/**
 * The fleet as it is at one moment: servers, their devices, queues and resident models.
 * An open format: unknown fields are ignored, because servers and later versions add their own.
 */

/** One device as `/system_stats` reports it. Bytes. */
export interface FleetDevice {
	name?: string;
	type?: string;
	vram_total: number;
	vram_free: number;
	torch_vram_total: number;
	torch_vram_free: number;
}

/** One job on a server, in running order. */
export interface QueuedJob {
	job_id: string;
	/** Catalog name, or null for a graph that is not of this catalog. */
	model_name: string | null;
	/** Seconds until this job itself is done once it has the device (load included), or null: unknown. */
	remaining_seconds: number | null;
	/** Seconds from now until it is late, or null. */
	deadline_seconds: number | null;
	/** ComfyUI's `number`: lower runs first. */
	queue_number: number;
	running: boolean;
	/** ComfyUI's own id of it, where it was read from a server. */
	prompt_id?: string;
	/** True where it was submitted by this package; absent: unknown. */
	own?: boolean;
	/** Seconds since it was submitted, by the server's own clock; absent or null: unknown. */
	age_seconds?: number | null;
	/** The device's use at its peak, where whoever reserved it has said so. */
	vram_peak_bytes?: number;
}

export interface FleetServer {
	name: string;
	url?: string;
	reachable: boolean;
	hourly_cost?: number | null;
	gpu_group?: string | null;
	speed_factor?: number | null;
	vram_reserve_gb?: number | null;
	max_queue?: number | null;
	/** Off until wanted: then it takes this long to start. null: it does not come. */
	cold_start_seconds?: number | null;
	/** All memory of its GPU, for the time that it is off. */
	vram_gb?: number | null;
	/** Takes no new jobs. */
	draining?: boolean | null;
	devices: FleetDevice[];
	queue: QueuedJob[];
	/** Catalog name of the model resident now, or null. */
	loaded_model: string | null;
	/** File names installed on the server, or null: unknown. */
	installed_files: string[] | null;
	/** Why it is not reachable. */
	error?: string | null;
	/** Its stable code. */
	error_code?: string | null;
	comfyui_version?: string | null;
}

export interface FleetSnapshot {
	servers: FleetServer[];
}
