// Sets everything up. All text and all tables are there without it.

setUpTheme();
setUpSorting();
setUpCopying();
setUpFilter();
setUpCharts();
setUpPrinting();
root.dataset.ready = "";
