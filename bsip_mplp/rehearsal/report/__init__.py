"""The report of a rehearsal: one HTML file with its verdicts, plots and how it was made, in English and Chinese."""
