/**
 * A command that `carbon-ops run` records is told the id that its record will have: what is recorded of its processes is a part of that record, and
 * of the two one is counted.
 */
const variable = "CARBON_OPS_PART_OF";

/** The id of the record that will hold the energy of this process too; undefined where nothing says so. */
export function wholeRecordId(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const id = environment[variable] ?? "";
  return /^[\w.:-]{1,128}$/.test(id) ? id : undefined;
}

/** The environment of a command whose record will have that id. */
export function partOfRecord(
  environment: Readonly<Record<string, string | undefined>>,
  id: string,
): Readonly<Record<string, string | undefined>> {
  return { ...environment, [variable]: id };
}
