/** One step of the schema's history. Never edited once released: later steps change what earlier ones made. */
export interface Migration {
	/** 1, 2, 3, ... without gaps. */
	version: number;
	name: string;
	/** @param schema the quoted schema to qualify every object with */
	sql(schema: string): string;
}
