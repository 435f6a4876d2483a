import { type TextStyle, textStyle, wantsColour } from "../report/terminal/style.ts";
import { toSnakeCase } from "../snake-case.ts";
import type { CommandContext } from "./context.ts";

type OutputStream = CommandContext["stdout"];

/** Columns of the terminal; another number where there is none, or one that nobody gave a size: that has 0. */
export function terminalColumns({ columns = 0 }: OutputStream, otherwise: number): number {
  return columns > 0 ? columns : otherwise;
}

/** Columns that text for people is wrapped to: the terminal's, at most 100, and 80 where there is no terminal. */
export function outputWidth(stream: OutputStream): number {
  return Math.min(terminalColumns(stream, 80), 100);
}

export function outputStyle(stream: OutputStream, context: CommandContext): TextStyle {
  return textStyle(wantsColour(stream, context.environment));
}

/** A value as indented JSON with snake_case names. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(toSnakeCase(value), null, 2)}\n`;
}
