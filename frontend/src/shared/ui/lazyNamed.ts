import { type ComponentType, type LazyExoticComponent, lazy } from "react";

type ComponentOf<Export> = Export extends ComponentType<infer Props> ? ComponentType<Props> : never;

/** Load a component by its name from a module that is fetched when the component is first rendered. */
export function lazyNamed<Module, Name extends keyof Module>(
  load: () => Promise<Module>,
  name: Name,
): LazyExoticComponent<ComponentOf<Module[Name]>> {
  return lazy(async () => ({ default: (await load())[name] as ComponentOf<Module[Name]> }));
}
