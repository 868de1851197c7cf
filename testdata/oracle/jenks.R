# Fisher–Jenks classes by classInt, printed as JSON: Rscript jenks.R > jenks.json
# (Debian: r-cran-classint.) Invented values. classInt puts its breaks halfway between values, so what is compared is how many
# values each class holds, and the goodness of fit.
suppressMessages(library(classInt))
set.seed(11)
vectors <- list(
  even = as.numeric(1:12),
  ties = c(0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 3, 5, 8, 8, 13, 21, 21, 34),
  groups = round(c(rnorm(15, 10, 1), rnorm(8, 30, 4), rnorm(20, 100, 9), rnorm(3, 400, 30)), 3),
  densities = round(rexp(60)^2 * 40, 2),
  large = round(1e6 + runif(30), 4))
numbers <- function(v) paste(formatC(v, digits = 15, format = "g", width = 1), collapse = ", ")
cases <- c()
for (name in names(vectors)) for (k in c(2, 3, 5, 7)) {
  c <- classIntervals(vectors[[name]], k, style = "fisher")
  counts <- as.vector(table(findCols(c)))
  cases <- c(cases, sprintf('  {"values": "%s", "classes": %d, "counts": [%s], "goodness": %.12g}', name, k, numbers(counts), jenks.tests(c)["Goodness of fit"]))
}
cat("{\n")
cat(sprintf(' "about": "Classes of Fisher (1958) for some vectors: how many values each holds, and the goodness of variance fit.",\n'))
cat(sprintf(' "how": "jenks.R: %s, classInt %s, style fisher",\n', R.version.string, packageVersion("classInt")))
cat(sprintf(' "values": {\n%s\n },\n', paste(sprintf('  "%s": [%s]', names(vectors), sapply(vectors, numbers)), collapse = ",\n")))
cat(sprintf(' "cases": [\n%s\n ]\n}\n', paste(cases, collapse = ",\n")))
