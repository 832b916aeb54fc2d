/** One reading of one device, a row of `vram_usage_log`. Bytes; null: not known. */
export interface VramReading {
	/** ISO 8601, UTC. */
	observed_at: string;
	server: string;
	reachable: boolean;
	error: string | null;
	device_index: number | null;
	device_name: string | null;
	vram_total: number | null;
	vram_free: number | null;
	torch_vram_total: number | null;
	torch_vram_free: number | null;
	queue_running: number | null;
	queue_pending: number | null;
	/** Catalog name inferred from the server's history and queue, or null. */
	loaded_model: string | null;
}
