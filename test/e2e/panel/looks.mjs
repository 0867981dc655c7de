// What the eye, the ear and the keyboard get of the panel, whatever its theme and width.

export const steps = [
  [
    "each tab is drawn, under the example's name",
    async ({ open, at, page, until }) => {
      await open();
      await at("mask-canvas").waitFor();
      for (const tab of ["benchmark", "kernel", "mask"]) {
        await at(`tab-${tab}`).click();
        await until(
          `the ${tab} tab is chosen`,
          () => at(`tab-${tab}`).getAttribute("aria-selected"),
          (chosen) => chosen === "true",
        );
        await page.locator(`#view-${tab} .view`).waitFor();
      }
    },
  ],
];
