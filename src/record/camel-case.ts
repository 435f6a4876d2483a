/**
 * The TypeScript names of a snake_case shape, as types: what `toSnakeCase` turns into it. An object whose names are data becomes
 * a `Map`, so that those names stay as they are.
 */
export type CamelCased<Shape> = Shape extends readonly (infer Item)[]
  ? readonly CamelCased<Item>[]
  : Shape extends object
    ? string extends keyof Shape
      ? ReadonlyMap<string, Shape[string]>
      : { readonly [Name in keyof Shape as Name extends string ? CamelName<Name> : never]: CamelCased<Shape[Name]> }
    : Shape;

type CamelName<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelName<Tail>>}`
  : Name;
