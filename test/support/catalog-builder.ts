/** The smallest catalog that is valid, to be changed by a test. */
export function smallCatalog(): {
	version: number;
	models: Array<Record<string, unknown>>;
	[key: string]: unknown;
} {
	return {
		version: 1,
		models: [
			{
				name: 'a',
				files: { checkpoint: 'a.safetensors' },
				purposes: { photo: 0.5 },
				presets: [smallPreset('full')],
			},
		],
	};
}

export function smallPreset(name: string): Record<string, unknown> {
	return {
		name,
		steps: 20,
		cfg: 7,
		reference: { width: 1024, height: 1024 },
		avg_time_seconds: 5,
	};
}
