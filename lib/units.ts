/** Unit constants. 1 GB = 10^9 bytes as in file lists and the catalog; GiB and MiB are powers of two as in ComfyUI. */
export const BYTES_PER_GB = 1e9;
export const BYTES_PER_MIB = 1024 ** 2;
export const BYTES_PER_GIB = 1024 ** 3;
export const SECONDS_PER_HOUR = 3600;
export const PIXELS_PER_MEGAPIXEL = 1e6;

/** "7.3 GB", for sentences. */
export function formatGb(bytes: number): string {
	return `${(bytes / BYTES_PER_GB).toFixed(1)} GB`;
}

/** "0.4 s", "12 s", "3 min", "1.5 h": as exact as a person cares about. */
export function formatSeconds(seconds: number): string {
	if (!Number.isFinite(seconds)) return 'an unknown time';
	if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
	if (seconds < 180) return `${Math.round(seconds)} s`;
	if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
	return `${Number((seconds / 3600).toFixed(1))} h`;
}
