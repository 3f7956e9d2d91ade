package vectortest

import (
	"fmt"
	"os"
	"path/filepath"
)

// Find returns the folder of the vectors: EDGETRUST_VECTORS, else shared/vectors
// beside the repository. The error says how to name it.
func Find() (string, error) {
	if dir := os.Getenv("EDGETRUST_VECTORS"); dir != "" {
		return dir, isDir(dir)
	}
	wd, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for d := wd; ; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, "go.mod")); err == nil {
			dir := filepath.Join(filepath.Dir(d), "shared", "vectors")
			return dir, isDir(dir)
		}
		if d == filepath.Dir(d) {
			return "", fmt.Errorf("no go.mod above %s: set EDGETRUST_VECTORS", wd)
		}
	}
}

func isDir(dir string) error {
	if fi, err := os.Stat(dir); err != nil || !fi.IsDir() {
		return fmt.Errorf("no test vectors in %s: set EDGETRUST_VECTORS to their folder", dir)
	}
	return nil
}
