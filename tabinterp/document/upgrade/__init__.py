"""Conversion of documents of earlier versions of tabinterp to the current form: conversion steps, and sentences of earlier
versions.
"""
