package config

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// CheckFiles opens every file that the configuration names and says what is wrong
// with each, as Parse does for fields. Whether data_dir can be written to is another
// question: see CheckDataDir.
func (c *Config) CheckFiles() error {
	var errs []error
	check := func(field string, err error) {
		if err != nil {
			errs = append(errs, &Problem{Field: field, Text: err.Error()})
		}
	}
	if p := c.Public; p.TLS.Cert != "" {
		_, err := loadPair(p.TLS.Cert, p.TLS.Key)
		check("public.tls", err)
	}
	if f := c.Public.Auth.TokensFile; f != "" {
		_, err := Tokens(f)
		check("public.auth.tokens_file", err)
	}
	if f := c.Public.Refresh.TokensFile; f != "" {
		_, err := Tokens(f)
		check("public.refresh.tokens_file", err)
	}
	_, err := c.ClientCAs()
	check("public.auth.client_ca", err)
	if f := c.Admin.TokenFile; f != "" {
		_, err := Tokens(f)
		check("admin.token_file", err)
	}
	_, err = c.Egress.CAs()
	check("egress.ca_file", err)
	c.checkGossip(check)
	for i, s := range c.Trust.Sources {
		if s.Type == TypeAnchors {
			_, err := s.Bundle()
			check(fmt.Sprintf("trust.sources[%d].url", i), err)
			continue
		}
		_, err := Certificates(s.Signers)
		check(fmt.Sprintf("trust.sources[%d].signers", i), err)
	}
	for i, r := range c.Trust.Rewrite {
		_, err := r.CAs()
		check(fmt.Sprintf("trust.rewrite[%d].ca", i), err)
	}
	return errors.Join(errs...)
}

// loadPair reads a certificate and its key. Its error names the files.
func loadPair(cert, key string) (tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if path := (*fs.PathError)(nil); err != nil && !errors.As(err, &path) { // which names the file itself
		err = fmt.Errorf("%s and %s: %w", cert, key, err)
	}
	return pair, err
}

// CheckDataDir says whether data_dir can be written to, or made, by a node that
// starts now; it is not made here. A node that already has lists there starts all
// the same when the file system has gone read-only, so this is for whoever asks
// beforehand.
func (c *Config) CheckDataDir() error {
	if c.DataDir == "" {
		return nil
	}
	if err := checkDataDir(c.DataDir); err != nil {
		return &Problem{Field: "data_dir", Text: err.Error()}
	}
	return nil
}

// checkDataDir writes a file for a moment, because permission bits say nothing of a
// file system that is mounted read-only.
func checkDataDir(dir string) error {
	info, err := os.Stat(dir)
	if parent := filepath.Dir(dir); errors.Is(err, fs.ErrNotExist) { // the node makes one folder, not a path
		dir = parent
		if info, err = os.Stat(parent); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s does not exist: make it, for the node's user to write to", parent)
		}
	}
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder", dir)
	}
	probe, err := os.CreateTemp(dir, ".check-*")
	if err != nil {
		return fmt.Errorf("%s cannot be written to: %w", dir, err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}
